"""What the official SDKs do with an engine: the same scenarios run directly and through the gateway, and must come out equal."""
