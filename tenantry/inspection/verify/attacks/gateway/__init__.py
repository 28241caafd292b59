"""Attacks by real requests through the gateway, where somebody behind it says what arrived: the embedded default."""
