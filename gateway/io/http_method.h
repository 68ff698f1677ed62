/* The methods that our servers know, as bits of a route. */
#ifndef PH_HTTP_METHOD_H
#define PH_HTTP_METHOD_H

enum http_method {
	HTTP_M_GET = 1,
	HTTP_M_POST = 2,
	HTTP_M_PUT = 4,
	HTTP_M_DELETE = 8,
	HTTP_M_OPTIONS = 16,
	HTTP_M_PATCH = 32
};

#endif
