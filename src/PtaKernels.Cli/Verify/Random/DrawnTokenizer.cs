using System.Text;

namespace PtaKernels.Cli.Verify.Random;

/// <summary>A vocabulary made of random pieces of some texts, shuffled, with special tokens and holes; and those texts as it splits them.</summary>
internal sealed class DrawnTokenizer
{
    private readonly System.Random _random;
    private readonly byte[][] _texts;
    private readonly byte[][][] _pieces;
    private readonly List<string?> _strings = [];
    private readonly List<byte[]> _bytes = [];
    private readonly List<TokenRoles> _roles = [];
    private readonly Dictionary<string, int> _idOf = new(StringComparer.Ordinal);
    private readonly int[] _ordinary;
    private readonly Dictionary<int, int[]> _alike;
    private readonly bool _bos;
    private readonly int _k;

    public DrawnTokenizer(System.Random random, string marker, byte[][] texts)
    {
        _random = random;
        _texts = texts;
        DummyPrefix = random.Next(2) == 0;
        _bos = random.Next(3) > 0;
        _k = random.Next(1, 8);
        _pieces = [.. texts.Select(t => Split(DummyPrefix ? [(byte)' ', .. t] : t).ToArray())];
        IEnumerable<byte[]> extra = Enumerable.Range(0, 40).Select(_ => Slice(texts[random.Next(texts.Length)]));
        byte[][] words = [.. _pieces.SelectMany(static p => p).Concat(extra).Concat(extra.Select(static e => (byte[])[(byte)' ', .. e])).DistinctBy(Convert.ToHexString)];
        random.Shuffle(words);
        (string Text, TokenRoles Role)[] specials =
            [("<s>", TokenRoles.Bos), ("</s>", TokenRoles.Eos), (marker == "Ġ" ? "<|unk|>" : "<unk>", TokenRoles.Unk), ("<x>", TokenRoles.None), (marker + "<y>", TokenRoles.None)];
        foreach (byte[] word in words)
        {
            if (random.Next(12) == 0)
                Add(null, [], TokenRoles.Hole);
            if (_strings.Count % 9 == 4 && specials.Length > 0)
            {
                Add(specials[0].Text, [], TokenRoles.Special | specials[0].Role);
                specials = specials[1..];
            }

            // Latin-1 is a bijection, so the strings are as distinct as the texts.
            string text = Encoding.Latin1.GetString(word);
            _idOf[text] = _strings.Count;
            Add(text.Replace(" ", marker, StringComparison.Ordinal), word, TokenRoles.None);
        }

        foreach ((string text, TokenRoles role) in specials)
            Add(text, [], TokenRoles.Special | role);
        _ordinary = [.. Enumerable.Range(0, _roles.Count).Where(id => !_roles[id].HasFlag(TokenRoles.Hole))];
        _alike = _ordinary.GroupBy(FirstByte).ToDictionary(static g => g.Key, static g => g.ToArray());
        Vocabulary = new TokenVocabulary("v", marker, marker == "Ġ", DummyPrefix, [.. _strings], [.. _bytes], [.. _roles]);

        void Add(string? text, byte[] bytes, TokenRoles roles)
        {
            _strings.Add(text);
            _bytes.Add(bytes);
            _roles.Add(roles);
        }
    }

    /// <summary>The vocabulary.</summary>
    public TokenVocabulary Vocabulary { get; }

    /// <summary>Whether the encoder puts a space before each text.</summary>
    public bool DummyPrefix { get; }

    /// <summary>[tokens] strings; null for a hole.</summary>
    public IReadOnlyList<string?> Strings => _strings;

    /// <summary>[tokens] decoded texts, empty for specials and holes.</summary>
    public IReadOnlyList<byte[]> Bytes => _bytes;

    /// <summary>[tokens] roles.</summary>
    public IReadOnlyList<TokenRoles> Roles => _roles;

    /// <summary>A text as this tokenizer splits it, with specials here and there and candidates for every row.</summary>
    public DrawnView View(int document, bool spansGiven)
    {
        var ids = new List<int>();
        var spans = new List<(int, int)>();
        int at = 0;
        if (_bos)
            Add(Special(TokenRoles.Bos), 0);
        for (int p = 0; p < _pieces[document].Length; p++)
        {
            byte[] piece = _pieces[document][p];
            int width = piece.Length - (p == 0 && DummyPrefix ? 1 : 0);
            // An encoder with spans of its own may not know a piece.
            Add(spansGiven && width > 0 && _random.Next(6) == 0 ? Special(TokenRoles.Unk) : _idOf[Encoding.Latin1.GetString(piece)], width);
            if (_random.Next(10) == 0)
                Add(Special(TokenRoles.None), 0);
        }

        for (int e = _random.Next(3); e > 0; e--)
            Add(Special(TokenRoles.Eos), 0);
        (int[] Ids, double[] Logits)[] rows = [.. Enumerable.Range(0, ids.Count).Select(t => Candidates(ids, t))];
        double[] logSumExp = [.. rows.Select(r => Math.Log(r.Logits.Sum(Math.Exp)) + (_random.Next(4) == 0 ? 0 : 2 * _random.NextDouble()))];
        return new DrawnView([.. ids], [.. spans], _texts[document], spansGiven, [.. rows.Select(static r => r.Ids)], [.. rows.Select(static r => r.Logits)], logSumExp);

        void Add(int id, int width)
        {
            ids.Add(id);
            spans.Add((at, at += width));
        }
    }

    private int Special(TokenRoles role) => _roles.IndexOf(TokenRoles.Special | role);

    private int FirstByte(int id) => _bytes[id].Length == 0 ? -1 : _bytes[id][0];

    /// <summary>Distinct ids, best first: often the next token or one that begins like it; now and then one without any mass.</summary>
    private (int[] Ids, double[] Logits) Candidates(List<int> ids, int row)
    {
        int next = ids[Math.Min(row + 1, ids.Count - 1)];
        int[] all = [.. _ordinary];
        int[] alike = [.. _alike[FirstByte(next)]];
        _random.Shuffle(all);
        _random.Shuffle(alike);
        int[] chosen = [.. alike.Take(_random.Next(_k + 1)).Concat(_random.Next(3) == 0 ? all : [next, .. all]).Distinct().Take(_k)];
        _random.Shuffle(chosen);
        double[] logits = [.. chosen.Select(_ => 6 * _random.NextDouble()).OrderDescending()];
        if (_k > 1 && _random.Next(20) == 0)
            logits[^1] = double.NegativeInfinity;
        return (chosen, logits);
    }

    private IEnumerable<byte[]> Split(byte[] text)
    {
        for (int at = 0; at < text.Length;)
        {
            int length = Math.Min(_random.Next(1, 6), text.Length - at);
            yield return text[at..(at + length)];
            at += length;
        }
    }

    private byte[] Slice(byte[] text)
    {
        int at = _random.Next(text.Length);
        return text[at..Math.Min(text.Length, at + _random.Next(1, 7))];
    }
}
