using System.Buffers.Binary;
using System.Text;

namespace PtaKernels.Tests.Corpus;

/// <summary>Ways to damage a file, drawn at random.</summary>
internal static class FileDamage
{
    private static readonly uint[] Lengths = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, 0x40000000, 0x10000];

    private static readonly string[] Words =
        ["-1", "1e999", "-0", "99999999999999999999", "2147483648", "1.5", "null", "true", "\"x\"", "\"\\ud800\"", "NaN", "-Infinity", "{}", "[]", "{", "[", "]", "}", ",", ":", "\"", "\\", "\0", "\uFEFF", "\n"];

    /// <summary>One of the files with one to four damages.</summary>
    public static byte[] Of(Random random, IReadOnlyList<byte[]> wholes)
    {
        byte[] bytes = [.. wholes[random.Next(wholes.Count)]];
        for (int damages = random.Next(1, 5); damages > 0; damages--)
            bytes = Damaged(random, bytes, wholes);
        return bytes;
    }

    private static byte[] Damaged(Random random, byte[] bytes, IReadOnlyList<byte[]> wholes)
    {
        if (bytes.Length < 16)
            return bytes;
        // Structure lies at the ends of binary files: two thirds of the damages go there.
        int at = random.Next(3) switch
        {
            0 => random.Next(bytes.Length),
            1 => random.Next(Math.Min(1024, bytes.Length)),
            _ => bytes.Length - 1 - random.Next(Math.Min(3072, bytes.Length)),
        };
        switch (random.Next(10))
        {
            case 0:
                return random.Next(4) == 0 ? bytes[..at] : bytes;
            case 1:
                byte[] other = wholes[random.Next(wholes.Count)];
                return [.. bytes[..at], .. other[Math.Min(at, other.Length)..]];
            case 2:
                int length = random.Next(1, 64), from = random.Next(bytes.Length);
                return [.. bytes[..at], .. bytes[from..Math.Min(bytes.Length, from + length)], .. bytes[at..]];
            case 3:
                return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 64))..]];
            case 4 when at + sizeof(uint) <= bytes.Length:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), Lengths[random.Next(Lengths.Length)]);
                return bytes;
            case 5 when at + sizeof(ulong) <= bytes.Length:
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at & ~7), Lengths[random.Next(Lengths.Length)] * (ulong)random.Next(1, 1 << 20));
                return bytes;
            case 6:
                return [.. bytes[..at], .. Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)]), .. bytes[at..]];
            case 7:
                return Number(random, bytes, at);
            case 8 when random.Next(8) == 0:
                return [.. bytes[..at], .. Encoding.UTF8.GetBytes(new string(random.Next(2) == 0 ? '[' : '1', 20_000)), .. bytes[at..]];
            default:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
        }
    }

    /// <summary>Puts a word in place of the digits at a place, or of a varint.</summary>
    private static byte[] Number(Random random, byte[] bytes, int at)
    {
        int end = at;
        while (end < bytes.Length && char.IsAsciiDigit((char)bytes[end]))
            end++;
        byte[] word = end > at ? Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)]) : [0xFF, 0xFF, 0xFF, 0xFF, 0x0F];
        return [.. bytes[..at], .. word, .. bytes[Math.Max(end, at + 1)..]];
    }
}
