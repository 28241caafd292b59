-- Rows that every tenant starts with. No people and nothing of one tenant: its name, its administrator and its settings are
-- seeded into the clone.

INSERT INTO roles (code, name, description, is_system) VALUES
    ('super_admin',  '超级管理员', '平台对本租户的维护', true),
    ('tenant_admin', '租户管理员', '管理本园的用户、权限与设置', true),
    ('user',         '普通用户',   '登录后的最小权限', true),
    ('principal',    '园长',       '查看全部业务，审批与考核', false),
    ('teacher',      '教师',       '班级、学生与活动', false),
    ('parent',       '家长',       '自己孩子的信息与活动报名', false);

INSERT INTO permissions (code, resource, action, name)
SELECT resource || ':' || action, resource, action, verb || label
FROM (VALUES
    ('user', '用户'), ('role', '角色'), ('student', '学生'), ('parent', '家长'), ('teacher', '教师'), ('class', '班级'),
    ('enrollment', '招生'), ('activity', '活动'), ('marketing', '营销'), ('poster', '海报'), ('message', '消息'),
    ('file', '文件'), ('expert', '专家咨询'), ('performance', '绩效'), ('safety', '安全'), ('approval', '审批'),
    ('system', '系统设置')
) AS resources (resource, label)
CROSS JOIN (VALUES ('view', '查看'), ('create', '新增'), ('update', '修改'), ('delete', '删除')) AS actions (action, verb);

INSERT INTO permissions (code, resource, action, name) VALUES
    ('approval:decide', 'approval', 'decide', '审批处理'),
    ('enrollment:export', 'enrollment', 'export', '导出招生'),
    ('student:export', 'student', 'export', '导出学生'),
    ('log:view', 'log', 'view', '查看日志'),
    ('ai:chat', 'ai', 'chat', '使用智能助手'),
    ('ai:query', 'ai', 'query', '智能查询数据');

-- A pattern is a LIKE pattern of permission codes.
INSERT INTO role_permissions (role_id, permission_id)
SELECT DISTINCT roles.id, permissions.id
FROM (VALUES
    ('super_admin', '%'), ('tenant_admin', '%'),
    ('principal', '%:view'), ('principal', '%:export'), ('principal', 'approval:%'), ('principal', 'performance:%'),
    ('principal', 'safety:%'), ('principal', 'enrollment:%'), ('principal', 'activity:%'), ('principal', 'ai:%'),
    ('teacher', 'student:view'), ('teacher', 'student:update'), ('teacher', 'parent:view'), ('teacher', 'class:view'),
    ('teacher', 'activity:%'), ('teacher', 'poster:%'), ('teacher', 'file:view'), ('teacher', 'file:create'),
    ('teacher', 'safety:view'), ('teacher', 'safety:create'), ('teacher', 'approval:view'),
    ('teacher', 'approval:create'), ('teacher', 'expert:view'), ('teacher', 'expert:create'), ('teacher', 'ai:chat'),
    ('parent', 'activity:view'), ('parent', 'message:view'), ('parent', 'file:view'),
    ('user', 'message:view')
) AS rights (role, pattern)
JOIN roles ON roles.code = rights.role
JOIN permissions ON permissions.code LIKE rights.pattern
ORDER BY roles.id, permissions.id;

INSERT INTO system_config (group_key, config_key, value, description, is_readonly) VALUES
    ('site',         'locale',               '"zh-CN"',         '默认语言', false),
    ('site',         'timezone',             '"Asia/Shanghai"', '默认时区', false),
    ('security',     'access_token_minutes', '30',              '访问令牌有效期（分钟）', true),
    ('security',     'refresh_token_days',   '7',               '刷新令牌有效期（天）', true),
    ('security',     'password_min_length',  '8',               '密码最小长度', false),
    ('security',     'max_failed_logins',    '5',               '连续失败后锁定账号', false),
    ('upload',       'image_types',          '["image/jpeg", "image/png", "image/webp"]', '允许的图片类型', false),
    ('enrollment',   'follow_up_days',       '3',               '咨询未跟进提醒（天）', false),
    ('notification', 'in_app',               'true',            '站内通知', false),
    ('notification', 'sms',                  'false',           '短信通知', false);

INSERT INTO channels (code, name, kind, sort_order) VALUES
    ('walk_in', '上门咨询', 'offline', 10), ('phone', '电话咨询', 'offline', 20), ('open_day', '开放日', 'offline', 30),
    ('referral', '老带新', 'referral', 40), ('wechat', '微信', 'online', 50), ('website', '官网', 'online', 60),
    ('short_video', '短视频', 'online', 70), ('other', '其他', 'offline', 90);

INSERT INTO poster_categories (code, name, sort_order) VALUES
    ('enrollment', '招生', 10), ('activity', '活动', 20), ('festival', '节日', 30), ('notice', '通知', 40);

INSERT INTO activity_templates (code, name, category, description, outline) VALUES
    ('open_day', '校园开放日', 'open_day', '家长参观与体验', '["签到", "园长致辞", "参观", "体验课", "答疑"]'),
    ('sports_day', '亲子运动会', 'sports', '家庭参与的运动项目', '["入场", "热身", "比赛", "颁奖"]'),
    ('parents_meeting', '家长会', 'parents', '学期工作与家园沟通', '["签到", "班级汇报", "交流"]');

INSERT INTO message_templates (code, name, medium, subject, body, variables, is_system) VALUES
    ('interview_invitation', '面谈邀请', 'sms', '', '您好，{child_name} 的入园面谈安排在 {time}，地点：{place}。',
        '{child_name,time,place}', true),
    ('admission_notice', '录取通知', 'sms', '', '恭喜！{child_name} 已被录取，请于 {deadline} 前确认入园。',
        '{child_name,deadline}', true),
    ('activity_reminder', '活动提醒', 'in_app', '活动提醒', '{activity} 将于 {time} 开始，地点：{place}。',
        '{activity,time,place}', true),
    ('approval_result', '审批结果', 'in_app', '审批结果', '您的申请“{title}”{result}。', '{title,result}', true),
    ('safety_notice', '安全通知', 'in_app', '安全通知', '{content}', '{content}', true);

INSERT INTO performance_indicators (code, name, category, unit, weight) VALUES
    ('teaching_quality', '教学质量', 'teaching', '分', 40), ('enrollment_result', '招生完成率', 'enrollment', '%', 20),
    ('safety_record', '安全记录', 'safety', '分', 20), ('parent_satisfaction', '家长满意度', 'parents', '%', 20);

INSERT INTO approval_workflows (code, name, category) VALUES
    ('leave', '请假', 'leave'), ('expense', '报销', 'expense'), ('activity', '活动审批', 'activity');

INSERT INTO approval_workflow_steps (workflow_id, step_order, name, role_id, hours_limit)
SELECT approval_workflows.id, 1, '园长审批', roles.id, 48
FROM approval_workflows CROSS JOIN roles WHERE roles.code = 'principal' ORDER BY approval_workflows.id;
