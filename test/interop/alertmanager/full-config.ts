/** Every field of `global` and of the receivers that are here too, as far as Alertmanager 0.25 knows it; the files need not be there for a check. */
export const FULL_CONFIG = `global:
  resolve_timeout: 5m
  smtp_from: alerts@example.com
  smtp_smarthost: mail.example.com:587
  smtp_hello: example.com
  smtp_auth_username: robot
  smtp_auth_password: hunter2
  smtp_auth_secret: hunter2
  smtp_auth_identity: robot
  smtp_require_tls: true
  slack_api_url: https://hooks.example.com/hunter2
  pagerduty_url: https://events.example.com/v2/enqueue
  opsgenie_api_key: hunter2
  opsgenie_api_url: https://api.example.com/
  victorops_api_key: hunter2
  victorops_api_url: https://victorops.example.com/
  wechat_api_url: https://wechat.example.com/
  wechat_api_secret: hunter2
  wechat_api_corp_id: corp
  telegram_api_url: https://telegram.example.com
  webex_api_url: https://webex.example.com
  http_config: &client
    basic_auth: {username: me, password: hunter2}
    proxy_url: http://me:hunter2@proxy.example.com:3128
    follow_redirects: true
    enable_http2: false
    tls_config: {insecure_skip_verify: false, server_name: a.example.com, min_version: TLS12}
route: {receiver: all}
receivers:
  - name: all
    webhook_configs:
      - url: https://hook.example.com/hunter2
        max_alerts: 10
        send_resolved: false
        http_config:
          oauth2:
            client_id: me
            client_secret: hunter2
            token_url: https://id.example.com/token
            scopes: [a, b]
            endpoint_params: {audience: hunter2}
            tls_config: {insecure_skip_verify: true, max_version: TLS13}
            proxy_url: https://proxy.example.com
      - {url: 'https://hook.example.com/2', http_config: {authorization: {type: ' Token ', credentials: hunter2}}}
      - {url: 'https://hook.example.com/3', http_config: {bearer_token: hunter2}}
    email_configs:
      - to: a@example.com
        from: b@example.com
        smarthost: mail.example.com:25
        hello: example.com
        auth_username: robot
        auth_password: hunter2
        auth_secret: hunter2
        auth_identity: someone
        require_tls: false
        headers: {Reply-To: c@example.com}
        html: '{{ template "email.default.html" . }}'
        text: '{{ .Status }}'
        tls_config: {server_name: mail.example.com, min_version: TLS10}
    pagerduty_configs:
      - routing_key: hunter2
        url: https://events.example.com/
        client: c
        client_url: https://example.com
        description: d
        severity: critical
        source: s
        class: c
        component: c
        group: g
        details: {firing: x}
        images: [{src: a, alt: b, href: c}]
        links: [{href: a, text: b}]
        http_config: *client
      - service_key: hunter2
    slack_configs:
      - api_url: https://hooks.example.com/hunter2
        channel: '#a'
        username: u
        color: good
        title: t
        title_link: l
        pretext: p
        text: t
        fields: [{title: a, value: b, short: true}]
        short_fields: true
        footer: f
        fallback: f
        callback_id: c
        icon_emoji: ':a:'
        icon_url: i
        image_url: i
        thumb_url: t
        link_names: true
        mrkdwn_in: [text]
        actions:
          - {type: button, text: a, url: 'https://example.com', style: danger}
          - {type: button, text: a, name: n, value: v, confirm: {text: t, title: t, ok_text: o, dismiss_text: d}}
    sns_configs:
      - topic_arn: arn:aws:sns:eu-central-1:123456789012:pages
        api_url: https://sns.example.com
        subject: s
        message: m
        attributes: {a: b}
        sigv4: {region: eu-central-1, access_key: a, secret_key: hunter2, profile: p, role_arn: r}
        http_config: {follow_redirects: false}
    opsgenie_configs:
      - api_key: hunter2
        api_url: https://api.example.com/
        message: m
        description: d
        source: s
        details: {a: b}
        entity: e
        responders: [{id: a, type: user}, {name: b, type: team}, {username: c, type: escalation}, {name: 'a, b', type: schedule}]
        actions: a, b
        tags: a, b
        note: n
        priority: P1
        update_alerts: true
        http_config: *client
`;
