"""Amazon API Gateway on one machine: a REST API from its own OpenAPI document, a WebSocket API from its resources.

``app.create_app`` makes the ASGI application. It knows the document and nothing of what the API is for.

========================  =====================================================================================
``model``                 reads and checks the OpenAPI 3 document with its ``x-amazon-apigateway-*`` extensions
``app``                   routing, order of checks, gateway responses, journal, access log
``integrations``          AWS service, Lambda proxy and mock integrations; request and response mapping
``vtl``, ``java_values``  the Velocity Template Language and the Java values that templates handle
``mapping``, ``jsonpath`` ``$input``, ``$util``, ``$context``
``validation``            request validators
``limits``                API keys, throttling, quotas
``invoker``               calls of AWS services on their wire protocols
``journal``               accepted requests on disk before they are answered
``sockets``               the WebSocket API: connections, routes, ``$connect`` and ``$disconnect``
``socket_model``          reads and checks its deployed resources
``connections``           the open connections, and ``@connections``
``policies``              what a Lambda authorizer answers
``cognito``               user pool authorizers
``site``                  static files beside the APIs
========================  =====================================================================================

Refused when the document is loaded (ApiDefinitionError): what API Gateway refuses on import (a status or header that
is mapped but not declared, an undeclared request parameter that is mapped, an unknown validator, security scheme or
gateway response type, a bad selection pattern), integration types ``http``, ``http_proxy`` and VPC links, and the
Velocity directives that a mapping template has no use for (see ``vtl``).
"""
