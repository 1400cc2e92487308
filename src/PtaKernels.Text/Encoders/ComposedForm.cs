using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace PtaKernels.Text;

/// <summary>Unicode's normalisation form C (version 14), with the map back to the original.</summary>
/// <remarks>Written here because .NET leaves text as it is where it runs without culture data, as <c>pta</c> does.</remarks>
internal static class ComposedForm
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7, Leads = 19, Vowels = 21, Tails = 28;

    private static readonly Lazy<Tables> Data = new(ReadTables);

    /// <summary>Appends the composed form of a text.</summary>
    /// <param name="text">Valid UTF-8.</param>
    /// <param name="start">Where it stands in the original.</param>
    /// <param name="destination">Receives it; a part that changes is mapped as a whole.</param>
    public static void Append(ReadOnlySpan<byte> text, int start, NormalizedText destination)
    {
        for (int position = 0; position < text.Length;)
        {
            int end = EndOfPart(text, position);
            ReadOnlySpan<byte> part = text[position..end];
            byte[]? composed = Ascii.IsValid(part) ? null : Compose(part);
            if (composed is null || part.SequenceEqual(composed))
                destination.Copy(part, start + position);
            else
                destination.Add(composed, start + position, start + end);
            position = end;
        }
    }

    /// <summary>A run of ASCII but for its last character, or a character and all that may combine with it: marks, the vowels and finals of Hangul.</summary>
    private static int EndOfPart(ReadOnlySpan<byte> text, int start)
    {
        int ascii = start;
        while (ascii + 1 < text.Length && text[ascii] < 0x80 && text[ascii + 1] < 0x80)
            ascii++;
        if (ascii > start)
            return ascii;
        int end = start + Utf8Text.LengthByFirst(text[start]);
        while (end < text.Length)
        {
            int length = Utf8Text.Decode(text[end..], out int next);
            if (next is not (>= 0x1160 and <= 0x11FF)
                && Rune.GetUnicodeCategory(new Rune(next)) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark))
            {
                break;
            }

            end += length;
        }

        return end;
    }

    private static byte[] Compose(ReadOnlySpan<byte> part)
    {
        List<int> points = [];
        for (int position = 0; position < part.Length;)
        {
            position += Utf8Text.Decode(part[position..], out int point);
            Decompose(point, points);
        }

        Order(points);
        var text = new StringBuilder();
        foreach (int point in Join(points))
            text.Append(new Rune(point));
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Decompose(int point, List<int> points)
    {
        int syllable = point - HangulBase;
        if (syllable is >= 0 and < Leads * Vowels * Tails)
        {
            points.Add(LeadBase + (syllable / (Vowels * Tails)));
            points.Add(VowelBase + (syllable / Tails % Vowels));
            if (syllable % Tails > 0)
                points.Add(TailBase + (syllable % Tails));
        }
        else if (Data.Value.Parts.TryGetValue(point, out (int First, int Second) parts))
        {
            Decompose(parts.First, points);
            if (parts.Second != 0)
                Decompose(parts.Second, points);
        }
        else
        {
            points.Add(point);
        }
    }

    /// <summary>Marks in the order of their combining classes; equal ones stay as they are.</summary>
    private static void Order(List<int> points)
    {
        for (int i = 1; i < points.Count; i++)
        {
            for (int at = i; at > 0 && ClassOf(points[at]) is > 0 and int own && ClassOf(points[at - 1]) > own; at--)
                (points[at], points[at - 1]) = (points[at - 1], points[at]);
        }
    }

    /// <summary>Each mark joins the last character before it that it composes with, unless one of its class or above stands between.</summary>
    private static List<int> Join(List<int> points)
    {
        List<int> joined = [];
        (int starter, int between) = (-1, 0);
        foreach (int point in points)
        {
            int own = ClassOf(point);
            bool reaches = starter >= 0 && (starter == joined.Count - 1 || (between < own && between > 0));
            if (reaches && Pair(joined[starter], point) is { } both)
            {
                joined[starter] = both;
                continue;
            }

            if (own == 0)
                starter = joined.Count;
            between = own;
            joined.Add(point);
        }

        return joined;
    }

    private static int? Pair(int first, int second)
    {
        (int lead, int vowel, int tail) = (first - LeadBase, second - VowelBase, second - TailBase);
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
            return HangulBase + (((lead * Vowels) + vowel) * Tails);
        int syllable = first - HangulBase;
        if (syllable is >= 0 and < Leads * Vowels * Tails && syllable % Tails == 0 && tail is > 0 and < Tails)
            return first + tail;
        return Data.Value.Pairs.TryGetValue((first, second), out int both) ? both : null;
    }

    private static int ClassOf(int point) => Data.Value.Classes.GetValueOrDefault(point);

    private static Tables ReadTables()
    {
        using Stream stream = typeof(ComposedForm).Assembly.GetManifestResourceStream("composition.bin")!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        int Value(int index) => BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(index * sizeof(int)));
        var tables = new Tables([], [], []);
        int at = 1;
        for (; at <= 2 * Value(0); at += 2)
            tables.Classes[Value(at)] = Value(at + 1);
        for (; at < content.Length / sizeof(int); at += 4)
        {
            tables.Parts[Value(at)] = (Value(at + 1), Value(at + 2));
            if (Value(at + 3) != 0)
                tables.Pairs[(Value(at + 1), Value(at + 2))] = Value(at);
        }

        return tables;
    }

    private sealed record Tables(Dictionary<int, int> Classes, Dictionary<int, (int First, int Second)> Parts, Dictionary<(int First, int Second), int> Pairs);
}
