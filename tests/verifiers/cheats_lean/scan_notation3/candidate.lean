notation3 "five" => 4
