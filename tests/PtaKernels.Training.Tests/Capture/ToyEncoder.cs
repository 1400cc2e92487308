using System.Globalization;
using System.Text;
using PtaKernels.Text;

namespace PtaKernels.Training.Tests.Capture;

/// <summary>A tokenizer of some pieces and all bytes, which always takes the longest piece that fits.</summary>
internal sealed class ToyEncoder : TextEncoder
{
    private const int FirstByte = 2;

    private readonly Dictionary<string, int> _pieces;
    private readonly int _longest;

    private ToyEncoder(TokenVocabulary vocabulary, Dictionary<string, int> pieces)
        : base(vocabulary) => (_pieces, _longest) = (pieces, pieces.Count == 0 ? 1 : pieces.Keys.Max(static p => p.Length));

    /// <summary>Ids: begin and end of sequence, 256 bytes, holes, the pieces.</summary>
    public static ToyEncoder Of(string name, string[] pieces, int holes = 0, bool begin = true, bool end = true)
    {
        List<string?> strings = ["<s>", "</s>"];
        List<byte[]> texts = [[], []];
        List<TokenRoles> roles = [TokenRoles.Special | (begin ? TokenRoles.Bos : 0), TokenRoles.Special | (end ? TokenRoles.Eos : 0)];
        for (int b = 0; b < 256; b++)
            Add(string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>"), [(byte)b]);
        for (int h = 0; h < holes; h++)
        {
            strings.Add(null);
            texts.Add([]);
            roles.Add(TokenRoles.Hole);
        }

        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach (string piece in pieces)
        {
            ids[Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(piece))] = strings.Count;
            Add(piece.Replace(' ', '▁'), Encoding.UTF8.GetBytes(piece));
        }

        return new ToyEncoder(new TokenVocabulary(name, "▁", false, false, [.. strings], [.. texts], [.. roles]), ids);

        void Add(string text, byte[] bytes)
        {
            strings.Add(text);
            texts.Add(bytes);
            roles.Add(TokenRoles.None);
        }
    }

    public override EncodedText Encode(ReadOnlySpan<byte> utf8)
    {
        string text = Encoding.Latin1.GetString(utf8); // a character a byte
        List<int> ids = [];
        List<(int, int)> spans = [];
        for (int at = 0; at < text.Length;)
        {
            int length = Math.Min(_longest, text.Length - at), id = -1;
            while (length > 1 && !_pieces.TryGetValue(text.Substring(at, length), out id))
                length--;
            if (length == 1 && !_pieces.TryGetValue(text.Substring(at, 1), out id))
                id = FirstByte + text[at];
            ids.Add(id);
            spans.Add((at, at += length));
        }

        return new EncodedText([.. ids], [.. spans]);
    }

    public override int? FirstToken(ReadOnlySpan<byte> text) => Encode(text).Ids is [var first, ..] ? first : null;

    public override byte[] Decode(ReadOnlySpan<int> ids)
    {
        List<byte> bytes = [];
        foreach (int id in ids)
            bytes.AddRange(Vocabulary.Bytes[id].ToArray());
        return [.. bytes];
    }
}
