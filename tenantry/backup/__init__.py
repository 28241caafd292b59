"""Backups of tenants and of the platform's databases, and what is done with them. No Pulumi in here.

systems.py      how the database server and the object storage are reached
failing.py      errors in our words
places.py       what lies where in the backup bucket
fingerprint.py  what a database holds: schema, and rows and a checksum for every table
postgresql.py   pg_dump, pg_restore, scratch databases
objects.py      a tenant's objects: listed, copied, read back, put back, emptied
manifest.py     what one backup holds, as its JSON document
records.py      the rows in the admin database
take.py         taking one
prove.py        restoring one into a scratch database and comparing, reading back every object
target.py       whose place one may take
restore.py      bringing one back into a fresh database
retention.py    which to keep, and removing the others
settings.py     a stack's names and addresses, for the commands
"""
