def secret := include_str "/etc/passwd"
