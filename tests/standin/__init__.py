"""Stand-in engines: a deterministic HTTP server that speaks the documented OpenAI and Anthropic formats.

It keeps the exact bytes of everything it receives, so that tests can say what a destination saw, and when.
"""
