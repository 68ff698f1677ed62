/*
 * HTTP(S) requests by libcurl's multi interface on the loop (multi_socket: curl says which sockets
 * and how long, libuv waits). Where only public peers are allowed the address is checked when the
 * socket is opened, after the name was resolved, so a name cannot point inside.
 */
#include "http_client.h"

#include "buf.h"
#include "net_public.h"

#include <curl/curl.h>
#include <stdlib.h>

enum { CONNECTIONS = 64, TIMEOUT_MS = 10000, ANSWER_MAX = 1 << 20 };

/* A socket that curl wants to be watched. */
struct watch {
	uv_poll_t poll;
	struct http_client *client;
	curl_socket_t fd;
};

struct exchange {
	struct exchange *next, **at; /* in the client's list */
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	struct buf answer;
	const char *name;
	http_client_fn *fn;
	void *arg;
	bool public_only, refused;
	bool repeatable, began; /* GET may be tried again by curl; anything else only once */
};

struct http_client {
	struct io_loop *loop;
	CURLM *multi;
	struct io_timer *timer;
	struct exchange *exchanges;
	char *ca_file;
	bool destroying;
};

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = arg;

	(void)purpose;
	if (x->public_only && !net_is_public(&address->addr)) {
		x->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/*
 * curl sends a request again by itself when a connection that it used before dies without an
 * answer. The peer may have carried it out, so what is not a GET is not sent a second time: its
 * outcome is unknown, and that is for the caller to decide on.
 */
static int on_begin(void *arg, char *peer, char *own, int peer_port, int own_port)
{
	struct exchange *x = arg;
	bool again = x->began;

	(void)peer;
	(void)own;
	(void)peer_port;
	(void)own_port;
	x->began = true;
	return again && !x->repeatable ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static void exchange_unlink(struct exchange *x)
{
	if (!x->at)
		return;
	*x->at = x->next;
	if (x->next)
		x->next->at = x->at;
	x->at = NULL;
}

static void exchange_free(struct exchange *x)
{
	exchange_unlink(x);
	if (x->easy)
		curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	free(x->body);
	buf_fini(&x->answer);
	free(x);
}

static const struct {
	CURLcode code;
	int err;
} curl_errors[] = {
	{CURLE_OK,		       0            },
	{CURLE_COULDNT_RESOLVE_HOST,     -ENOENT      },
	{CURLE_COULDNT_CONNECT,          -ECONNREFUSED},
	{CURLE_OPERATION_TIMEDOUT,       -ETIMEDOUT   },
	{CURLE_PEER_FAILED_VERIFICATION, -EACCES      },
	{CURLE_SSL_CONNECT_ERROR,        -EACCES      },
	{CURLE_WRITE_ERROR,              -EMSGSIZE    },
	{CURLE_URL_MALFORMAT,            -EINVAL      },
	{CURLE_UNSUPPORTED_PROTOCOL,     -EINVAL      },
	{CURLE_GOT_NOTHING,              -ECONNRESET  },
	{CURLE_SEND_ERROR,               -ECONNRESET  },
	{CURLE_RECV_ERROR,               -ECONNRESET  },
	{CURLE_ABORTED_BY_CALLBACK,      -ECONNRESET  },
	{CURLE_OUT_OF_MEMORY,            -ENOMEM      },
};

static int error_of(const struct exchange *x, CURLcode code)
{
	if (x->refused)
		return -EPERM;
	for (size_t i = 0; i < ARRAY_LEN(curl_errors); i++)
		if (curl_errors[i].code == code)
			return curl_errors[i].err;
	return -EIO;
}

static void exchange_end(struct exchange *x, int err)
{
	struct http_client_answer answer = {.err = err};
	struct io_loop *loop = x->client->loop;
	const char *name = x->name, *type = NULL;
	long status = 0, sent = 0;
	uint64_t entered;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent);
	curl_easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_multi_remove_handle(x->client->multi, x->easy);
	answer.written = x->began && (sent > 0 || err == -ECONNRESET);
	answer.status = (int)status;
	answer.type = span_of(type);
	answer.body = buf_span(&x->answer);
	entered = io_enter(loop);
	x->fn(x->arg, &answer);
	io_leave(loop, name, entered);
	exchange_free(x);
}

static void take_ended(struct http_client *client)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		char *private = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		exchange_end((struct exchange *)(void *)private,
		             error_of((struct exchange *)(void *)private, message->data.result));
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct http_client *client = w->client;
	int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
	            (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) |
	            (status < 0 ? CURL_CSELECT_ERR : 0);
	uint64_t entered = io_enter(client->loop);
	int running;

	curl_multi_socket_action(client->multi, w->fd, flags, &running); /* w may be gone */
	take_ended(client);
	io_leave(client->loop, "http_client", entered);
}

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static struct watch *watch_create(struct http_client *client, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->client = client;
	w->fd = fd;
	if (uv_poll_init_socket(io_loop_uv(client->loop), &w->poll, fd)) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	curl_multi_assign(client->multi, fd, w);
	return w;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct http_client *client = arg;
	struct watch *w = socket_arg;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w) {
			uv_close((uv_handle_t *)&w->poll, on_poll_closed);
			curl_multi_assign(client->multi, fd, NULL);
		}
		return 0;
	}
	if (!w && !(w = watch_create(client, fd)))
		return -1;
	uv_poll_start(&w->poll,
	              (what & CURL_POLL_IN ? UV_READABLE : 0) |
	                      (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
	              on_poll);
	return 0;
}

static void on_timer(void *arg)
{
	struct http_client *client = arg;
	int running;

	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_ended(client);
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *arg)
{
	struct http_client *client = arg;

	(void)multi;
	if (timeout_ms < 0)
		io_timer_stop(client->timer);
	else
		io_timer_start(client->timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static int multi_create(struct http_client *client, unsigned connections)
{
	client->multi = curl_multi_init();
	if (!client->multi)
		return -ENOMEM;
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
	curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return 0;
}

int http_client_create(struct io_loop *loop, const struct http_client_options *options,
                       struct http_client **out)
{
	struct http_client *client = calloc(1, sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	client->loop = loop;
	if (options->ca_file && !(client->ca_file = strdup(options->ca_file))) {
		free(client);
		return -ENOMEM;
	}
	err = curl_global_init(CURL_GLOBAL_DEFAULT) ? -EIO : 0;
	if (!err)
		err = io_timer_create(loop, "http_client", on_timer, client, &client->timer);
	if (!err)
		err = multi_create(client,
		                   options->connections ? options->connections : CONNECTIONS);
	if (err) {
		http_client_destroy(&client);
		return err;
	}
	*out = client;
	return 0;
}

void http_client_destroy(struct http_client **client)
{
	struct http_client *c = *client;
	struct exchange *x;

	if (!c)
		return;
	c->destroying = true; /* whoever hears of its end and asks again is refused */
	while ((x = c->exchanges)) {
		c->exchanges = x->next;
		if (x->next)
			x->next->at = &c->exchanges;
		x->at = NULL;
		exchange_end(x, -ECANCELED);
	}
	if (c->multi)
		curl_multi_cleanup(c->multi);
	io_timer_destroy(&c->timer);
	free(c->ca_file);
	free(c);
	*client = NULL;
}

static size_t on_answer(char *data, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;

	buf_add(&x->answer, (struct span){data, size * count});
	return buf_check(&x->answer) ? 0 : size * count;
}

static int add_headers(struct exchange *x, const char *const *headers)
{
	/* Without this one curl waits a second for a 100 before it sends a body. */
	x->headers = curl_slist_append(NULL, "Expect:");
	for (; x->headers && headers && *headers; headers++) {
		struct curl_slist *list = curl_slist_append(x->headers, *headers);

		if (!list)
			return -ENOMEM;
		x->headers = list;
	}
	return x->headers ? 0 : -ENOMEM;
}

static void set_options(struct exchange *x, const struct http_client_request *request)
{
	CURL *easy = x->easy;
	uint64_t timeout_ms = request->timeout_ms ? request->timeout_ms : TIMEOUT_MS;

	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)x);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_begin);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
	/* A connection that was opened for anybody may lead inside. */
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, x->public_only ? 1L : 0L);
	if (x->client->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, x->client->ca_file);
	if (!x->body)
		return;
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, x->body);
}

static struct exchange *exchange_create(struct http_client *client, const char *name,
                                        const struct http_client_request *request)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->client = client;
	x->name = name;
	x->public_only = request->public_only;
	x->repeatable = strcmp(request->method, "GET") == 0;
	buf_init(&x->answer, request->answer_max ? request->answer_max : ANSWER_MAX);
	x->easy = curl_easy_init();
	if (request->body.len || strcmp(request->method, "POST") == 0)
		x->body = span_dup(request->body);
	if (!x->easy || (request->body.len && !x->body) || add_headers(x, request->headers)) {
		exchange_free(x);
		return NULL;
	}
	set_options(x, request);
	return x;
}

int http_client_send(struct http_client *client, const char *name,
                     const struct http_client_request *request, http_client_fn *fn, void *arg)
{
	struct exchange *x;

	if (client->destroying)
		return -ECANCELED;
	x = exchange_create(client, name, request);
	if (!x)
		return -ENOMEM;
	x->fn = fn;
	x->arg = arg;
	if (curl_multi_add_handle(client->multi, x->easy)) {
		exchange_free(x);
		return -ENOMEM;
	}
	x->next = client->exchanges;
	if (x->next)
		x->next->at = &x->next;
	x->at = &client->exchanges;
	client->exchanges = x;
	return 0;
}
