/** What Alertmanager's versions from 0.26 on know beside the fields that the one of test/interop does; every secret is `hunter2`. */
export const LATER_CONFIG = `global:
  smtp_tls_config: {cert_file: c.pem, key_file: k.pem, ca_file: ca.pem}
  smtp_force_implicit_tls: true
  smtp_auth_secret_file: f
  slack_app_token: hunter2
  slack_app_url: https://slack.example.com/api
  jira_api_url: https://jira.example.com
  rocketchat_token: hunter2
  rocketchat_token_id_file: f
  telegram_bot_token: hunter2
  mattermost_webhook_url: https://mattermost.example.com/hunter2
  http_config:
    proxy_from_environment: true
    proxy_connect_header: {X-Way: [hunter2, hunter2]}
    http_headers: {X-Team: {values: [shown], secrets: [hunter2, hunter2], files: [f]}}
    basic_auth: {username_file: f, password_file: f}
tracing: {endpoint: localhost:4317}
route: {receiver: all}
receivers:
  - name: all
    webhook_configs:
      - {url_file: f, timeout: 5s, http_config: {proxy_url: 'http://proxy.example.com', no_proxy: '10.0.0.0/8', oauth2: {client_id: me, client_secret_file: f, token_url: 'https://me:hunter2@id.example.com/'}}}
      - {url_file: f, http_config: {tls_config: {ca: "-----BEGIN CERTIFICATE-----", cert: "-----BEGIN CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY----- hunter2"}}}
      - {url_file: f, http_config: {authorization: {credentials_file: f}}}
    email_configs: [{to: a@example.com, from: b@example.com, smarthost: 'mail.example.com:25', force_implicit_tls: false, auth_username: a, auth_password_file: f, threading: {enabled: true, thread_by_date: none}}]
    pagerduty_configs: [{routing_key_file: f, timeout: 30s}, {service_key_file: f}]
    slack_configs:
      - {channel: '#a', http_config: {}, message_text: m, timeout: 1s}
      - {channel: '#a', app_token_file: f, app_url: 'https://slack.example.com/api', http_config: {}}
      - {channel: '#a', api_url_file: f}
    opsgenie_configs: [{api_key_file: f, responders: [{name: 'a, b', type: teams}]}]
    msteams_configs: [{webhook_url: 'https://teams.example.com/hunter2', title: t, summary: s, text: t}, {webhook_url_file: f}]
`;
