// validatorUrl null: nothing is sent to, or loaded from, another host.
window.SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', validatorUrl: null, deepLinking: true, tryItOutEnabled: true })
