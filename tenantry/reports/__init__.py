"""Views of tenants and their files, and the differences of two states of them."""
