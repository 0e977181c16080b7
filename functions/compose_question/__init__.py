"""Words a question for its contact: the message that is sent, and how an answer to it is recognised."""
