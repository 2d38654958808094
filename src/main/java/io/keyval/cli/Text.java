package io.keyval.cli;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Bytes as text, without loss. */
final class Text {

    private static final String HEX = "0123456789abcdef";

    private Text() {}

    /**
     * Bytes on one line: printable UTF-8 as it is, a backslash as {@code \\}, tab, LF and CR as
     * {@code \t}, {@code \n} and {@code \r}, every other byte as {@code \xHH}.
     */
    static void escape(byte[] bytes, StringBuilder target) {
        int at = 0;
        while (at < bytes.length) {
            byte next = bytes[at];
            if (next >= 0) {
                ascii(next, target);
                at++;
                continue;
            }
            int length = next >= (byte) 0xf0 ? 4 : next >= (byte) 0xe0 ? 3 : 2;
            String character = decode(bytes, at, Math.min(length, bytes.length - at));
            if (character != null
                    && character.codePointCount(0, character.length()) == 1
                    && isPrintable(character.codePointAt(0))) {
                target.append(character);
                at += length;
            } else {
                hex(next, target);
                at++;
            }
        }
    }

    /** Bytes on one line, likewise. */
    static String escaped(byte[] bytes) {
        StringBuilder target = new StringBuilder();
        escape(bytes, target);
        return target.toString();
    }

    /** A text that came from elsewhere, escaped likewise. */
    static String printable(String text) {
        return escaped(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds {@code "name":"text"}, or {@code "nameBase64":"..."} when the bytes are not UTF-8. */
    static void json(String name, byte[] bytes, StringBuilder target) {
        String text = decode(bytes, 0, bytes.length);
        if (text == null) {
            target.append('"').append(name).append("Base64\":\"");
            target.append(Base64.getEncoder().encodeToString(bytes)).append('"');
        } else {
            target.append('"').append(name).append("\":");
            quote(text, target);
        }
    }

    /** Adds a JSON string. */
    static void quote(String text, StringBuilder target) {
        target.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> target.append("\\\"");
                case '\\' -> target.append("\\\\");
                case '\n' -> target.append("\\n");
                case '\r' -> target.append("\\r");
                case '\t' -> target.append("\\t");
                default -> {
                    if (c < 0x20 || c >= 0x7f && !isVisible(text, i)) {
                        target.append(String.format("\\u%04x", (int) c));
                    } else {
                        target.append(c);
                    }
                }
            }
        }
        target.append('"');
    }

    private static boolean isVisible(String text, int at) {
        if (Character.isLowSurrogate(text.charAt(at)) && at > 0) {
            return isPrintable(text.codePointAt(at - 1));
        }
        return isPrintable(text.codePointAt(at));
    }

    private static void ascii(byte next, StringBuilder target) {
        switch (next) {
            case '\\' -> target.append("\\\\");
            case '\t' -> target.append("\\t");
            case '\n' -> target.append("\\n");
            case '\r' -> target.append("\\r");
            default -> {
                if (next < 0x20 || next == 0x7f) {
                    hex(next, target);
                } else {
                    target.append((char) next);
                }
            }
        }
    }

    private static void hex(byte next, StringBuilder target) {
        target.append("\\x").append(HEX.charAt(next >> 4 & 0xf)).append(HEX.charAt(next & 0xf));
    }

    /** Whether it stands for itself on a terminal: no control, no change of direction. */
    private static boolean isPrintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            default -> true;
        };
    }

    private static @Nullable String decode(byte[] bytes, int from, int length) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, from, length))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
