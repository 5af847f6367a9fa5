"""The open-loop load client: a Go program, and how Python starts and reads it."""
