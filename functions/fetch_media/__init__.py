"""Fetches a file that came with a message from Twilio into the media bucket."""
