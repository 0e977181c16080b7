"""Reads what the provider says about a message that we sent: from its webhook, or from the message it was asked for."""
