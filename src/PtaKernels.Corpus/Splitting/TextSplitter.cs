using PtaKernels.Text;

namespace PtaKernels.Corpus;

/// <summary>Cuts texts into pieces that fit every one of several tokenizers (SPEC B section 1).</summary>
/// <remarks>
/// A piece ends behind the last newline of its second half, else behind the last space or tab of it, else between two characters: never inside one. It is as long
/// as the tokenizer with the most tokens lets it be there, and was encoded by all of them as it is. The pieces of a text, put together, are the text.
/// </remarks>
public sealed class TextSplitter
{
    /// <summary>UTF-8 bytes of a token that a text is first thought to have; a wrong guess costs time, never changes a piece.</summary>
    private const int BytesPerToken = 6;

    private readonly TextEncoder[] _encoders;
    private readonly int[] _limits;

    /// <summary>Takes the tokenizers.</summary>
    /// <param name="encoders">At least one.</param>
    /// <param name="length">Positions of a piece at most; of them, one each is left for the begin and the end of sequence where a vocabulary has such a token.</param>
    /// <exception cref="ArgumentException">There is no tokenizer, or the length leaves no room for a token.</exception>
    public TextSplitter(IReadOnlyList<TextEncoder> encoders, int length)
    {
        ArgumentNullException.ThrowIfNull(encoders);
        if (encoders.Count == 0)
            throw new ArgumentException("there is no tokenizer; name at least one with --tokenizer.");
        _encoders = [.. encoders];
        _limits = [.. encoders.Select(e => length - (e.Bos is null ? 0 : 1) - (e.Eos is null ? 0 : 1))];
        if (_limits.Min() < 1)
            throw new ArgumentException($"--length {length} leaves no room for a token beside the begin and end of sequence; give at least 3.");
    }

    /// <summary>Cuts a text.</summary>
    /// <param name="text">UTF-8, whole characters.</param>
    /// <param name="where">Its place, for messages.</param>
    /// <returns>Its pieces in order; none for an empty text.</returns>
    /// <exception cref="AlignmentDataException">One character alone has too many tokens.</exception>
    public IReadOnlyList<TextPiece> Split(ReadOnlySpan<byte> text, string where)
    {
        List<TextPiece> pieces = [];
        int start = 0;
        long window = (long)_limits.Min() * BytesPerToken;
        while (start < text.Length)
        {
            // Enough to see where the piece must end; a window that fits as a whole is too short to tell, unless it is the rest.
            int end = CharacterStart(text, (int)Math.Min(text.Length, start + window));
            if (end <= start)
                end = CharacterEnd(text, start);
            int[] tokens = Encode(text[start..end], out int fits);
            if (fits == end - start && end < text.Length)
            {
                window *= 2;
                continue;
            }

            while (fits < end - start)
            {
                int most = CharacterStart(text, start + fits);
                if (most <= start)
                    throw TooShort(text[start..CharacterEnd(text, start)], where);
                end = BreakBefore(text, start, most);
                tokens = Encode(text[start..end], out fits);
            }

            pieces.Add(new TextPiece(start, end, tokens));
            window = Math.Max(BytesPerToken, (end - start) * 5L / 4);
            start = end;
        }

        return pieces;
    }

    /// <summary>Encodes a stretch with every tokenizer.</summary>
    /// <param name="stretch">The text.</param>
    /// <param name="fits">Its length where all are within their limits, else fewer bytes: what the first of their leading tokens cover.</param>
    /// <returns>Tokens of each tokenizer.</returns>
    private int[] Encode(ReadOnlySpan<byte> stretch, out int fits)
    {
        int[] tokens = new int[_encoders.Length];
        fits = stretch.Length;
        for (int e = 0; e < _encoders.Length; e++)
        {
            EncodedText encoded = _encoders[e].Encode(stretch);
            tokens[e] = encoded.Length;
            // Tokens of no width may follow the last byte, hence the one less.
            if (encoded.Length > _limits[e])
                fits = Math.Min(Math.Min(fits, stretch.Length - 1), encoded.Spans[_limits[e] - 1].End);
        }

        return tokens;
    }

    /// <summary>Where a piece ends best: at <paramref name="most"/> or before it, in its second half.</summary>
    private static int BreakBefore(ReadOnlySpan<byte> text, int start, int most)
    {
        int half = start + ((most - start) / 2);
        ReadOnlySpan<byte> stretch = text[half..most];
        int newline = stretch.LastIndexOf((byte)'\n');
        if (newline >= 0)
            return half + newline + 1;
        int space = stretch.LastIndexOfAny((byte)' ', (byte)'\t');
        return space >= 0 ? half + space + 1 : most;
    }

    /// <summary>The start of the character that a byte belongs to; the end of the text stays.</summary>
    private static int CharacterStart(ReadOnlySpan<byte> text, int at)
    {
        while (at > 0 && at < text.Length && (text[at] & 0xC0) == 0x80)
            at--;
        return at;
    }

    private static int CharacterEnd(ReadOnlySpan<byte> text, int start)
    {
        int end = start + 1;
        while (end < text.Length && (text[end] & 0xC0) == 0x80)
            end++;
        return end;
    }

    private AlignmentDataException TooShort(ReadOnlySpan<byte> character, string where)
    {
        int[] tokens = Encode(character, out _);
        int worst = Enumerable.Range(0, tokens.Length).MaxBy(e => tokens[e] - _limits[e]);
        return new AlignmentDataException(
            $"{where}: '{System.Text.Encoding.UTF8.GetString(character)}' alone is {tokens[worst]} tokens of {_encoders[worst].Vocabulary.Name}, where {_limits[worst]} fit; give a larger --length.");
    }
}

/// <summary>A piece of a text.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="End">Behind its last byte.</param>
/// <param name="Tokens">Its tokens by tokenizer.</param>
public sealed record TextPiece(int Start, int End, IReadOnlyList<int> Tokens);
