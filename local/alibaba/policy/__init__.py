"""RAM policy language: pure functions from documents and a question to a decision."""
