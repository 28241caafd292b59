"""Facts about PostgreSQL that commands and provider share: migrations, logins of owners, steps of an onboarding."""
