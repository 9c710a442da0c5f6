"""What the application adds to manage.py."""
