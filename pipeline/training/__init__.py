"""What `python -m pipeline train` needs besides the trainer: its settings, its corpus, the gate before it, its page."""
