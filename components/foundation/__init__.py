"""The foundation of an installation at Alibaba Cloud: one file a concern, each part made here or adopted by its id."""
