"""Everything in a database that has an owner and could be given to another one: what belongs to somebody else.

A clone keeps the owners of its template, and what another role makes in a tenant's database is that role's. The next
migration that alters such a thing runs as the database's owner, and stops.

Left out is what PostgreSQL keeps with something else or gives to nobody else (tests/provider/database/test_ownership.py
goes through all catalogs that name a role):
- indexes, tables of TOAST, row types, a column's sequence, what depends internally on another object (a range type's
  constructors are the server's own, its multirange type is the range's), what an extension has made;
- extensions, which have no ALTER ... OWNER TO; foreign-data wrappers, event triggers and publications of all tables or
  of schemas, which only a superuser may own; subscriptions, which no clone takes along;
- default privileges and user mappings: these are for a role and belong to none;
- the schema `tenantry_platform`, the platform's own record (tenantry/database/migration_record.py).
"""

from typing import Final

# The word for ALTER, the name as PostgreSQL itself quotes it, and whose it is; the parameter is the owner's name,
# quoted. What the server was made with has an id below 16384; a large object may have any. A dependency of a whole
# object has the number 0: each column of a partition's key depends internally on its own table.
FOREIGN: Final = """
WITH owned (kind, catalog, id, place, owner) AS (
    SELECT 'SCHEMA', 'pg_namespace'::regclass, oid, oid, nspowner FROM pg_namespace
    WHERE nspowner <> 'pg_database_owner'::regrole
    UNION ALL SELECT 'TABLE', 'pg_class'::regclass, oid, relnamespace, relowner FROM pg_class
    WHERE relkind NOT IN ('i', 'I', 't') AND NOT (relkind = 'S' AND EXISTS (
        SELECT FROM pg_depend WHERE objid = pg_class.oid AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i')))
    UNION ALL SELECT 'TYPE', 'pg_type'::regclass, oid, typnamespace, typowner FROM pg_type
    UNION ALL SELECT 'ROUTINE', 'pg_proc'::regclass, oid, pronamespace, proowner FROM pg_proc
    UNION ALL SELECT 'OPERATOR', 'pg_operator'::regclass, oid, oprnamespace, oprowner FROM pg_operator
    UNION ALL SELECT 'OPERATOR CLASS', 'pg_opclass'::regclass, oid, opcnamespace, opcowner FROM pg_opclass
    UNION ALL SELECT 'OPERATOR FAMILY', 'pg_opfamily'::regclass, oid, opfnamespace, opfowner FROM pg_opfamily
    UNION ALL SELECT 'COLLATION', 'pg_collation'::regclass, oid, collnamespace, collowner FROM pg_collation
    UNION ALL SELECT 'CONVERSION', 'pg_conversion'::regclass, oid, connamespace, conowner FROM pg_conversion
    UNION ALL SELECT 'STATISTICS', 'pg_statistic_ext'::regclass, oid, stxnamespace, stxowner FROM pg_statistic_ext
    UNION ALL SELECT 'TEXT SEARCH DICTIONARY', 'pg_ts_dict'::regclass, oid, dictnamespace, dictowner FROM pg_ts_dict
    UNION ALL SELECT 'TEXT SEARCH CONFIGURATION', 'pg_ts_config'::regclass, oid, cfgnamespace, cfgowner
    FROM pg_ts_config
    UNION ALL SELECT 'LARGE OBJECT', 'pg_largeobject'::regclass, oid, NULL, lomowner FROM pg_largeobject_metadata
    UNION ALL SELECT 'LANGUAGE', 'pg_language'::regclass, oid, NULL, lanowner FROM pg_language WHERE oid >= 16384
    UNION ALL SELECT 'SERVER', 'pg_foreign_server'::regclass, oid, NULL, srvowner FROM pg_foreign_server
    UNION ALL SELECT 'PUBLICATION', 'pg_publication'::regclass, oid, NULL, pubowner FROM pg_publication
    WHERE NOT puballtables AND NOT EXISTS (SELECT FROM pg_depend WHERE refobjid = pg_publication.oid
        AND refclassid = 'pg_publication'::regclass AND classid = to_regclass('pg_catalog.pg_publication_namespace'))
)
SELECT kind, (pg_identify_object(catalog, id, 0)).identity, pg_get_userbyid(owner)
FROM owned LEFT JOIN pg_namespace ON pg_namespace.oid = place
WHERE owner <> %s::regrole
    AND (place IS NULL OR nspname <> 'information_schema' AND nspname <> 'tenantry_platform' AND nspname !~ '^pg_')
    AND NOT EXISTS (SELECT FROM pg_depend
        WHERE objid = id AND classid = catalog AND objsubid = 0 AND deptype IN ('i', 'e'))
ORDER BY kind <> 'SCHEMA', 1, 2
"""
