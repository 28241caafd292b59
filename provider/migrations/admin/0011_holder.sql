-- Which stack holds a tenant, as tenantry:platformStack names one: no other writes or removes its row.
ALTER TABLE tenants ADD held_by text;  -- null: the next one to write it
