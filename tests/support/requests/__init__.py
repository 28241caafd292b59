"""Requests on a forge for tests: repositories, forges, previews, the files of the workflows."""
