"""Says which messages are old enough to ask the provider about: a state machine cannot count back from a moment."""
