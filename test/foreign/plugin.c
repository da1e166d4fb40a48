/* A plugin that is not Go, written from plugins/wire/plugin.proto and docs/plugins.md alone: it counts active allergies.
 *
 *   cc -O2 -static -no-pie -Wall -Wextra -o plugin plugin.c -lnghttp2
 *
 * HTTP/2 is libnghttp2's; gRPC is five bytes before each message; of protobuf it needs numbers and length-delimited fields. */
#define _GNU_SOURCE
#include <nghttp2/nghttp2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct buffer {
	uint8_t *at;
	size_t size, room;
};

static void add(struct buffer *b, const void *bytes, size_t n) {
	if (b->size + n > b->room) {
		b->room = (b->size + n) * 2;
		b->at = realloc(b->at, b->room);
		if (b->at == NULL)
			_exit(2);
	}
	memcpy(b->at + b->size, bytes, n);
	b->size += n;
}

static void drop(struct buffer *b, size_t n) {
	memmove(b->at, b->at + n, b->size - n);
	b->size -= n;
}

/* protobuf: https://protobuf.dev/programming-guides/encoding/ */

static void number(struct buffer *b, uint64_t n) {
	do {
		uint8_t low = (n & 0x7f) | (n > 0x7f ? 0x80 : 0);
		add(b, &low, 1);
		n >>= 7;
	} while (n);
}

static void bytes_field(struct buffer *b, int field, const void *bytes, size_t n) {
	number(b, (uint64_t)field << 3 | 2);
	number(b, n);
	add(b, bytes, n);
}

static void text_field(struct buffer *b, int field, const char *text) { bytes_field(b, field, text, strlen(text)); }

struct slice {
	const uint8_t *at;
	size_t size;
};

static int take_number(struct slice *s, uint64_t *n) {
	*n = 0;
	for (int shift = 0; shift < 64 && s->size > 0; shift += 7) {
		uint8_t c = *s->at++;
		s->size--;
		*n |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return 1;
	}
	return 0;
}

/* field finds a field of a message: its bytes, or its number. */
static int field(struct slice s, uint64_t wanted, struct slice *bytes, uint64_t *n) {
	uint64_t key, length;
	while (s.size > 0 && take_number(&s, &key)) {
		switch (key & 7) {
		case 0:
			if (!take_number(&s, &length))
				return 0;
			if (key >> 3 == wanted && n != NULL)
				return *n = length, 1;
			break;
		case 2:
			if (!take_number(&s, &length) || length > s.size)
				return 0;
			if (key >> 3 == wanted && bytes != NULL)
				return *bytes = (struct slice){s.at, length}, 1;
			s.at += length, s.size -= length;
			break;
		default:
			return 0;
		}
	}
	return 0;
}

/* the plugin */

static struct {
	int socket;
	nghttp2_session *session;
	int32_t stream;
	struct buffer in, out; /* gRPC messages of the stream */
	int answered, trailed;
} it;

/* message sends FromPlugin with one of its frames: hello 1, read 2, answer 3. */
static void message(int frame, struct buffer *content) {
	struct buffer whole = {0};
	bytes_field(&whole, frame, content->at, content->size);
	uint8_t prefix[5] = {0, whole.size >> 24, whole.size >> 16, whole.size >> 8, whole.size};
	add(&it.out, prefix, 5);
	add(&it.out, whole.at, whole.size);
	free(whole.at);
	free(content->at);
	nghttp2_session_resume_data(it.session, it.stream);
}

static void hello(void) {
	struct buffer m = {0};
	text_field(&m, 1, "C, by hand");
	message(1, &m);
}

static void ask(const char *query) {
	struct buffer m = {0};
	number(&m, 1 << 3 | 0);
	number(&m, 1);
	text_field(&m, 2, query);
	message(2, &m);
}

static void answer(const char *summary) {
	struct buffer m = {0}, card = {0};
	text_field(&card, 2, summary);
	text_field(&card, 4, "info");
	bytes_field(&m, 1, card.at, card.size);
	free(card.at);
	it.answered = 1;
	message(3, &m);
}

static int count(struct slice in, const char *what) {
	int n = 0;
	size_t length = strlen(what);
	for (const uint8_t *p = in.at; (p = memmem(p, in.at + in.size - p, what, length)) != NULL; p += length)
		n++;
	return n;
}

static void heard(struct slice frame) {
	struct slice begin, result, body = {0};
	uint64_t status = 0;
	char summary[100];
	if (field(frame, 1, &begin, NULL)) {
		ask("AllergyIntolerance?clinical-status=active");
	} else if (field(frame, 2, &result, NULL)) {
		field(result, 2, NULL, &status);
		field(result, 3, &body, NULL);
		if (status == 200)
			snprintf(summary, sizeof summary, "%d active allergies are recorded", count(body, "\"resourceType\":\"AllergyIntolerance\""));
		else
			snprintf(summary, sizeof summary, "Allergies cannot be read (%d)", (int)status);
		answer(summary);
	}
}

/* HTTP/2 */

static ssize_t next_data(nghttp2_session *s, int32_t id, uint8_t *into, size_t room, uint32_t *flags, nghttp2_data_source *src, void *user) {
	(void)src, (void)user;
	size_t n = it.out.size < room ? it.out.size : room;
	memcpy(into, it.out.at, n);
	drop(&it.out, n);
	if (it.out.size == 0 && it.answered && !it.trailed) {
		nghttp2_nv ok = {(uint8_t *)"grpc-status", (uint8_t *)"0", 11, 1, NGHTTP2_NV_FLAG_NONE};
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
		it.trailed = 1;
		nghttp2_submit_trailer(s, id, &ok, 1);
		return n;
	}
	return n > 0 ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *f, void *user) {
	(void)user;
	if (f->hd.type != NGHTTP2_HEADERS || f->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	nghttp2_nv headers[] = {
		{(uint8_t *)":status", (uint8_t *)"200", 7, 3, NGHTTP2_NV_FLAG_NONE},
		{(uint8_t *)"content-type", (uint8_t *)"application/grpc", 12, 16, NGHTTP2_NV_FLAG_NONE},
	};
	nghttp2_data_provider data = {.read_callback = next_data};
	it.stream = f->hd.stream_id;
	hello();
	return nghttp2_submit_response(s, it.stream, headers, 2, &data);
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *bytes, size_t n, void *user) {
	(void)s, (void)flags, (void)user;
	if (id != it.stream)
		return 0;
	add(&it.in, bytes, n);
	while (it.in.size >= 5) {
		size_t length = (size_t)it.in.at[1] << 24 | it.in.at[2] << 16 | it.in.at[3] << 8 | it.in.at[4];
		if (it.in.size < 5 + length)
			break;
		heard((struct slice){it.in.at + 5, length});
		drop(&it.in, 5 + length);
	}
	return 0;
}

static ssize_t on_send(nghttp2_session *s, const uint8_t *bytes, size_t n, int flags, void *user) {
	(void)s, (void)flags, (void)user;
	ssize_t written = write(it.socket, bytes, n);
	return written < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : written;
}

int main(void) {
	const char *folder = getenv("PLUGIN_UNIX_SOCKET_DIR");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char line[200];
	if (folder == NULL || getenv("PONTLEVIS_PLUGIN") == NULL) {
		fputs("this is a plugin: pontlevis starts it\n", stderr);
		return 1;
	}
	snprintf(address.sun_path, sizeof address.sun_path, "%s/c", folder);
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof address) < 0 || listen(listening, 1) < 0)
		return 1;
	int length = snprintf(line, sizeof line, "1|1|unix|%s|grpc|\n", address.sun_path);
	if (write(1, line, length) != length || (it.socket = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) < 0)
		return 1;

	nghttp2_session_callbacks *callbacks;
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_server_new(&it.session, callbacks, NULL);
	nghttp2_submit_settings(it.session, NGHTTP2_FLAG_NONE, NULL, 0);

	static uint8_t chunk[16 << 10];
	for (;;) {
		if (nghttp2_session_send(it.session) != 0)
			return 1;
		ssize_t n = read(it.socket, chunk, sizeof chunk);
		if (n <= 0 || nghttp2_session_mem_recv(it.session, chunk, n) < 0)
			return 0;
	}
}
