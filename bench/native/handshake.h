/* The server's half of the WebSocket opening handshake (RFC 6455, section 4.2.2), nothing more. */
#ifndef RENOWN_BENCH_HANDSHAKE_H
#define RENOWN_BENCH_HANDSHAKE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static uint32_t rotated(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* SHA-1 of at most 119 bytes: two blocks are enough for a key and its GUID. */
static void sha1_short(const unsigned char *text, size_t size, unsigned char digest[20]) {
    unsigned char blocks[128] = {0};
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    size_t total = size < 56 ? 64 : 128;
    memcpy(blocks, text, size);
    blocks[size] = 0x80;
    for (int i = 0; i < 8; i++) blocks[total - 1 - (size_t)i] = (unsigned char)((uint64_t)size * 8 >> (8 * i));
    for (size_t block = 0; block < total; block += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++) {
            const unsigned char *p = blocks + block + 4 * i;
            w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        }
        for (int i = 16; i < 80; i++) w[i] = rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
            uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
            uint32_t next = rotated(a, 5) + f + e + k + w[i];
            e = d, d = c, c = rotated(b, 30), b = a, a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64_20(const unsigned char in[20], char out[29]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0, o = 0; i < 20; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | (i + 2 < 20 ? in[i + 2] : 0u);
        out[o++] = letters[v >> 18];
        out[o++] = letters[v >> 12 & 63];
        out[o++] = letters[v >> 6 & 63];
        out[o++] = i + 2 < 20 ? letters[v & 63] : '=';
    }
    out[28] = 0;
}

/* Writes the 101 answer to a request; returns its length, 0 when there is no key in the request. */
static int handshake_answer(const char *request, char *answer, size_t space) {
    const char *key = strcasestr(request, "Sec-WebSocket-Key:");
    if (!key) return 0;
    key += 18;
    while (*key == ' ') key++;
    size_t size = strcspn(key, " \r\n");
    if (size > 64) return 0;
    unsigned char text[128], digest[20];
    char accept[29];
    memcpy(text, key, size);
    memcpy(text + size, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    sha1_short(text, size + 36, digest);
    base64_20(digest, accept);
    return snprintf(answer, space,
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: %s\r\n\r\n",
                    accept);
}

#endif
