"""What the official SDKs do with an engine: each scenario runs directly and through the gateway, with equal results."""
