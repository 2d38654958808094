package io.keyval.cli;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Entries as lines of text, for import and export.
 *
 * <p>Plain, an entry is what stands behind {@code PUT} in the protocol: the key, one space, the
 * value; one CR before the LF does not count, so a value that ends in CR is followed by one more.
 * Whatever can be stored can be said so. As JSON, an entry is an object with {@code key} and {@code
 * value}, of which each may be {@code keyBase64} or {@code valueBase64} instead, for bytes that are
 * not UTF-8.
 */
enum EntryLines {
    PLAIN {
        @Override
        byte[] entry(byte[] line, long number) {
            int space = 0;
            while (space < line.length && line[space] != ' ') {
                space++;
            }
            int end =
                    line.length > 0 && line[line.length - 1] == '\r'
                            ? line.length - 1
                            : line.length;
            if (space == 0 || space + 1 >= end) {
                throw new BadLineException(number, "it is not a key, a space and a value");
            }
            return line;
        }

        @Override
        void write(byte[] key, byte[] value, ByteArrayOutputStream target) {
            target.writeBytes(joined(key, value));
            target.write('\n');
        }
    },
    JSON {
        @Override
        byte[] entry(byte[] line, long number) {
            JsonNode node;
            try {
                node = MAPPER.readTree(line);
            } catch (JacksonException e) {
                throw new BadLineException(
                        number, "it is no JSON (%s)".formatted(e.getOriginalMessage()));
            }
            if (!node.isObject()) {
                throw new BadLineException(number, "it is no JSON object");
            }
            byte[] key = bytes(node, "key", number);
            byte[] value = bytes(node, "value", number);
            if (has(key, (byte) ' ') || has(key, (byte) '\n')) {
                throw new BadLineException(number, "a key cannot hold a space or a line break");
            }
            if (has(value, (byte) '\n')) {
                throw new BadLineException(number, "a value cannot hold a line break");
            }
            return joined(key, value);
        }

        @Override
        void write(byte[] key, byte[] value, ByteArrayOutputStream target) {
            StringBuilder text = new StringBuilder(key.length + value.length + 32).append('{');
            Text.json("key", key, text);
            text.append(',');
            Text.json("value", value, text);
            target.writeBytes(text.append("}\n").toString().getBytes(StandardCharsets.UTF_8));
        }
    };

    private static final JsonMapper MAPPER = new JsonMapper();

    /**
     * What to send behind {@code PUT } for a line.
     *
     * @param number of the line, from 1
     * @throws BadLineException when it is no entry that can be stored
     */
    abstract byte[] entry(byte[] line, long number);

    /** Writes an entry with its LF. */
    abstract void write(byte[] key, byte[] value, ByteArrayOutputStream target);

    /** Whether a line says nothing, and is passed over. */
    static boolean isBlank(byte[] line) {
        return line.length == 0 || line.length == 1 && line[0] == '\r';
    }

    private static byte[] joined(byte[] key, byte[] value) {
        boolean doubled = value.length > 0 && value[value.length - 1] == '\r';
        ByteBuffer line = ByteBuffer.allocate(key.length + 1 + value.length + (doubled ? 1 : 0));
        line.put(key).put((byte) ' ').put(value);
        if (doubled) {
            line.put((byte) '\r');
        }
        return line.array();
    }

    private static byte[] bytes(JsonNode node, String name, long number) {
        @Nullable JsonNode text = node.get(name);
        @Nullable JsonNode base64 = node.get(name + "Base64");
        byte[] bytes;
        if (text != null && base64 == null && text.isString()) {
            bytes = utf8(text.asString(), name, number);
        } else if (base64 != null && text == null && base64.isString()) {
            try {
                bytes = Base64.getDecoder().decode(base64.asString());
            } catch (IllegalArgumentException e) {
                throw new BadLineException(number, name + "Base64 is no Base64");
            }
        } else {
            throw new BadLineException(
                    number, "it has to have either %s or %1$sBase64, a string".formatted(name));
        }
        if (bytes.length == 0) {
            throw new BadLineException(number, "the %s is empty".formatted(name));
        }
        return bytes;
    }

    private static byte[] utf8(String text, String name, long number) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] array = new byte[bytes.remaining()];
            bytes.get(array);
            return array;
        } catch (CharacterCodingException e) {
            throw new BadLineException(
                    number, "the %s holds half a surrogate pair, which is no text".formatted(name));
        }
    }

    private static boolean has(byte[] bytes, byte wanted) {
        for (byte next : bytes) {
            if (next == wanted) {
                return true;
            }
        }
        return false;
    }
}
