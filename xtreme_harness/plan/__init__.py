"""What a command will do, found before anything is computed."""
