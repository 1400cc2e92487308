using System.Text;
using PtaKernels.Text;

namespace PtaKernels.CorpusBench;

/// <summary>Cuts texts into documents of the length mix.</summary>
/// <param name="tokenizers">The target's first.</param>
internal sealed class DocumentCutter(IReadOnlyList<TextEncoder> tokenizers)
{
    /// <summary>Encoded at once; longer texts are cut here first.</summary>
    private const int PieceBytes = 1 << 18;

    /// <summary>The share at the end of a document in which its last line may be given up.</summary>
    private const double Slack = 0.25;

    /// <summary>All documents of a text.</summary>
    /// <param name="id">Beginning of their ids.</param>
    /// <param name="text">The text.</param>
    /// <param name="draws">Lengths.</param>
    /// <param name="skip">Bytes of the text left out at its begin, so that the same text gives other documents.</param>
    public IEnumerable<CorpusDocument> Cut(string id, string text, Draws draws, int skip = 0)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        int number = 0, at = CharacterAt(utf8, Math.Min(skip, utf8.Length));
        while (at < utf8.Length)
        {
            int end = utf8.Length - at <= PieceBytes ? utf8.Length : BreakBefore(utf8, at, at + PieceBytes);
            foreach (CorpusDocument document in CutPiece(id, utf8.AsMemory(at, end - at), draws, number))
            {
                yield return document;
                number++;
            }

            draws.Bits();
            at = end;
        }
    }

    private IEnumerable<CorpusDocument> CutPiece(string id, ReadOnlyMemory<byte> piece, Draws draws, int number)
    {
        (int Start, int End)[][] spans = [.. tokenizers.Select(t => t.Encode(piece.Span).Spans)];
        int[] next = new int[spans.Length];
        for (int at = 0; at < piece.Length;)
        {
            int length = LengthMix.Draw(ref draws), end = piece.Length;
            for (int s = 0; s < spans.Length; s++)
            {
                while (next[s] < spans[s].Length && spans[s][next[s]].Start < at)
                    next[s]++;
                // Cut apart from its text a document may take some tokens more.
                int last = next[s] + (s == 0 ? length : LengthMix.MostTokens - 16) - 1;
                if (last < spans[s].Length)
                    end = Math.Min(end, spans[s][last].End);
            }

            end = end < piece.Length ? BreakBefore(piece.Span, at, Math.Max(end, at + 1)) : end;
            if (Document(id, piece[at..end], ref number) is { } document)
                yield return document;
            at = end;
        }
    }

    /// <summary>The document; null where it is too short, or where its tokens, counted apart from the text around them, are too many.</summary>
    private CorpusDocument? Document(string id, ReadOnlyMemory<byte> text, ref int number)
    {
        int[] tokens = [.. tokenizers.Select(t => t.EncodeSequence(text.Span, begin: false, end: true).Length)];
        return tokens[0] < LengthMix.FewestTokens || tokens.Max() > LengthMix.MostTokens ? null : new CorpusDocument($"{id}#{number++}", text.ToArray(), tokens);
    }

    /// <summary>Where to end a document at or before a place: after a line, else after a space, else between two characters.</summary>
    private static int BreakBefore(ReadOnlySpan<byte> text, int at, int end)
    {
        int from = at + (int)((end - at) * (1 - Slack));
        ReadOnlySpan<byte> tail = text[from..end];
        int line = tail.LastIndexOf((byte)'\n'), space = tail.LastIndexOf((byte)' ');
        return line >= 0 ? from + line + 1 : space > 0 ? from + space : CharacterAt(text, end);
    }

    /// <summary>The first character that begins at a place or after it.</summary>
    private static int CharacterAt(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && (text[at] & 0xC0) == 0x80)
            at++;
        return at;
    }
}
