-- Opening a tenant.

-- Its progress is recorded from the first check on, which may fail before there is a row of the tenant.
ALTER TABLE tenant_init_progress DROP CONSTRAINT tenant_init_progress_tenant_id_fkey;
ALTER TABLE tenant_init_steps DROP CONSTRAINT tenant_init_steps_tenant_id_fkey;

-- Null: the password is one that somebody else has chosen, and must be changed at the first login.
ALTER TABLE global_users ADD password_changed_at timestamptz;
UPDATE global_users SET password_changed_at = created_at;
ALTER TABLE global_users ADD must_change_password boolean NOT NULL GENERATED ALWAYS AS (password_changed_at IS NULL) STORED;

-- What the plans of today name.
INSERT INTO ai_model_config (name, display_name, model_type, provider, model_parameters) VALUES
    ('doubao-lite', '豆包 Lite',    'text', 'volcengine', '{"temperature": 0.7, "max_tokens": 4096}'),
    ('doubao-pro',  '豆包 Pro',     'text', 'volcengine', '{"temperature": 0.7, "max_tokens": 4096}'),
    ('qwen-max',    '通义千问 Max', 'text', 'alibaba',    '{"temperature": 0.7, "max_tokens": 4096}')
ON CONFLICT (name) DO NOTHING;
