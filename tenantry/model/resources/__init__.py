"""The resources that may be declared, and what is to be known of the systems that they are in."""
