"""The jobs of this application."""
