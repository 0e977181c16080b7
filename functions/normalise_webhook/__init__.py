"""Verifies a provider's webhook and brings it into the form of schemas/message.json."""
