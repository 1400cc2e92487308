using System.Text;
using PtaKernels.Text;

namespace PtaKernels.Training.Tests.Evaluation;

/// <summary>A tokenizer of single letters and a few longer tokens, of which the longest that fits is taken.</summary>
internal sealed class LetterEncoder(TokenVocabulary vocabulary) : TextEncoder(vocabulary)
{
    public static LetterEncoder Create(bool begin = true, bool end = true)
    {
        string[] strings = ["<s>", "</s>", " ", .. Enumerable.Range('a', 10).Select(static c => $"{(char)c}"), "ä", "ab", " c", "abc"];
        var roles = new TokenRoles[strings.Length];
        roles[0] = TokenRoles.Special | (begin ? TokenRoles.Bos : TokenRoles.None);
        roles[1] = TokenRoles.Special | (end ? TokenRoles.Eos : TokenRoles.None);
        return new LetterEncoder(new TokenVocabulary("letters", "Ġ", true, false, strings, [.. strings.Select((s, t) => t < 2 ? [] : Encoding.UTF8.GetBytes(s))], roles));
    }

    public override EncodedText Encode(ReadOnlySpan<byte> utf8)
    {
        var ids = new List<int>();
        var spans = new List<(int, int)>();
        for (int at = 0; at < utf8.Length;)
        {
            int best = -1, length = 0;
            for (int id = 2; id < Vocabulary.Count; id++)
            {
                if (Vocabulary.Bytes[id].Length > length && utf8[at..].StartsWith(Vocabulary.Bytes[id]))
                    (best, length) = (id, Vocabulary.Bytes[id].Length);
            }

            ids.Add(best);
            spans.Add((at, at + length));
            at += length;
        }

        return new EncodedText([.. ids], [.. spans]);
    }

    public override int? FirstToken(ReadOnlySpan<byte> text) => Encode(text).Ids is [var first, ..] ? first : null;

    public override byte[] Decode(ReadOnlySpan<int> ids) => throw new NotSupportedException();
}
