"""Sessions of the platform in a database whose owner is somebody else: a tenant sets, holds and uses up what it likes.

settings.py     every setting of such a session is the server's, none the database's
room.py         a place in a database that has no connection left
watch.py        who holds what a session waits for, and an end to it that is later than some moment
"""
