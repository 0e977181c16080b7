"""The translation engines. Each says which pairs it has and translates one line at a time."""
