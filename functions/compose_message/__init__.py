"""Makes a message (schemas/message.json) of what an operator wrote."""
