using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace PtaKernels.Text;

/// <summary>tiktoken rank files: per line a token's bytes in base64, a space and its id.</summary>
/// <remarks>
/// The special tokens are not in the file. They come from <c>NAME.special.json</c> beside it, { token : id } and optionally <c>bos_token</c>, <c>eos_token</c>,
/// <c>pad_token</c>, <c>unk_token</c> : token, and <c>pat_str</c> : the regular expression that cuts the text, which only an encoder needs; or they are known because the ranks are those of r50k, p50k, cl100k or o200k. The official strings are the byte-level
/// spelling of the bytes, as the Hugging Face conversions of these encodings have them.
/// </remarks>
internal static class TiktokenRanks
{
    private const string LineForm = "expected a token in base64, a space and its id";
    private const string EndOfText = "<|endoftext|>";

    /// <summary>A line longer than this is not a token.</summary>
    private const int LongestLine = 1 << 16;

    /// <summary>In the file beside the ranks: the regular expression that cuts the text, as tiktoken spells it.</summary>
    private const string Pattern = "pat_str";

    private static readonly Encoded[] Known =
    [
        new(50_256, 50_255, " gazed", PretokenPattern.GptTwo, [(EndOfText, 50_256)]),
        new(50_280, 50_280, new string(' ', 25), PretokenPattern.GptTwo, [(EndOfText, 50_256)]),
        new(100_256, 100_255, " Conveyor", PretokenPattern.Cl100k,
            [(EndOfText, 100_257), ("<|fim_prefix|>", 100_258), ("<|fim_middle|>", 100_259), ("<|fim_suffix|>", 100_260), ("<|endofprompt|>", 100_276)]),
        new(199_998, 199_997, " cocos", PretokenPattern.O200k, [(EndOfText, 199_999), ("<|endofprompt|>", 200_018)]),
    ];

    private static readonly (string Name, TokenRoles Role)[] Named =
        [("bos_token", TokenRoles.Bos), ("eos_token", TokenRoles.Eos), ("pad_token", TokenRoles.Pad), ("unk_token", TokenRoles.Unk)];

    /// <summary>Whether the first line has the form of a rank.</summary>
    public static bool Recognises(ReadOnlySpan<byte> content)
    {
        content = content.TrimStart("\r\n"u8);
        int end = content.IndexOf((byte)'\n');
        return TryParse(end < 0 ? content : content[..end], out _, out _);
    }

    public static TokenVocabulary Read(string file, ReadOnlySpan<byte> content)
    {
        var builder = new VocabularyBuilder(file);
        AddSpecials(builder, file, AddRanks(builder, content));
        return builder.Build(VocabularyContent.NameOf(file), "Ġ", byteLevel: true, dummyPrefix: false);
    }

    /// <summary>The encoder of the same file.</summary>
    public static TextEncoder ReadEncoder(string file, ReadOnlySpan<byte> content)
    {
        TokenVocabulary vocabulary = Read(file, content);
        var builder = new VocabularyBuilder(file);
        int ranks = AddRanks(builder, content);
        PretokenPattern pattern = PatternOf(builder, file, ranks);
        (byte[], int)[] tokens = [.. builder.Tokens.Select(static t => (t.Value.Bytes, t.Key))];
        var trie = new PieceTrie(tokens);
        int[] bytes = BytePairTables.Bytes(file, b => trie.Find(b));
        return new ByteLevelEncoder(vocabulary, pattern, BytePairTables.FromRanks(tokens, trie, bytes), bytes, trie, new ByteLevelText());
    }

    private static int AddRanks(VocabularyBuilder builder, ReadOnlySpan<byte> content)
    {
        string file = builder.File;
        int ranks = 0, line = 0;
        while (!content.IsEmpty)
        {
            int end = content.IndexOf((byte)'\n');
            ReadOnlySpan<byte> text = (end < 0 ? content : content[..end]).TrimEnd((byte)'\r');
            content = end < 0 ? [] : content[(end + 1)..];
            line++;
            if (text.IsEmpty)
                continue;
            if (!TryParse(text, out byte[] token, out long rank))
                throw new AlignmentDataException($"{file}: line {line} is {Quoted.Text(Encoding.Latin1.GetString(text[..Math.Min(text.Length, 80)]))}; {LineForm}.");
            builder.Add($"line {line}", rank, TokenText.ToByteLevel(token), token);
            ranks++;
        }

        return ranks;
    }

    /// <summary>A known encoding's own pattern; of another one, what the file beside it says.</summary>
    private static PretokenPattern PatternOf(VocabularyBuilder builder, string file, int ranks)
    {
        string path = VocabularyContent.Stem(file) + ".special.json";
        using JsonFile? given = JsonFile.Open(path);
        if (given?.Root.Find(Pattern) is { } expression)
        {
            return PretokenPattern.Find(expression.Text())
                ?? throw new AlignmentDataException($"{path}: {Pattern} is {Quoted.Text(expression.Text())}, which is not supported; expected the pattern of r50k, cl100k, o200k or Qwen 2, as tiktoken has it.");
        }

        return KnownOf(builder, ranks)?.Cuts ?? throw new AlignmentDataException(
            $"{file}: {ranks} ranks are no known encoding (r50k, p50k, cl100k, o200k), so how it cuts text is not known; expected {Pattern}, its regular expression, in {Path.GetFileName(path)} beside it.");
    }

    private static Encoded? KnownOf(VocabularyBuilder builder, int ranks) =>
        Known.FirstOrDefault(k => k.Ranks == ranks && builder.Find(k.Last)?.Bytes.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(k.LastText)) == true);

    private static void AddSpecials(VocabularyBuilder builder, string file, int ranks)
    {
        string path = VocabularyContent.Stem(file) + ".special.json";
        using JsonFile? given = JsonFile.Open(path);
        if (given is not null)
        {
            AddGiven(builder, given.Root);
            return;
        }

        if (KnownOf(builder, ranks) is not { } known)
        {
            throw new AlignmentDataException(
                $"{file}: {ranks} ranks are no known encoding (r50k, p50k, cl100k, o200k), or not all of it; expected its special tokens as {{token: id}} in {Path.GetFileName(path)} beside it, {{}} if it has none.");
        }

        foreach ((string token, int id) in known.Specials)
            builder.Add("special tokens", id, token, [], token == EndOfText ? TokenRoles.Special | TokenRoles.Eos : TokenRoles.Special);
    }

    private static void AddGiven(VocabularyBuilder builder, JsonPlace root)
    {
        string place = Path.GetFileName(root.File);
        foreach ((string token, JsonPlace id) in root.Members())
        {
            if (!id.IsString)
                builder.Add(place, id.Integer(), token, [], TokenRoles.Special);
        }

        bool spelled = true;
        foreach ((string name, JsonPlace value) in root.Members().Where(static m => m.Value.IsString && m.Name != Pattern))
        {
            TokenRoles role = Named.FirstOrDefault(n => n.Name == name).Role;
            int id = builder.IdOf(value.Text());
            if (role == TokenRoles.None || id < 0 || (builder.Find(id)!.Roles & TokenRoles.Special) == 0)
                throw value.Wrong("an id, or for bos_token, eos_token, pad_token and unk_token one of the tokens in this file");
            builder.Mark(id, role);
            spelled = false;
        }

        if (spelled && builder.IdOf(EndOfText) is >= 0 and int end && (builder.Find(end)!.Roles & TokenRoles.Special) != 0)
            builder.Mark(end, TokenRoles.Eos);
    }

    private static bool TryParse(ReadOnlySpan<byte> line, out byte[] token, out long rank)
    {
        (token, rank) = ([], 0);
        line = line.TrimEnd((byte)'\r');
        int space = line.IndexOf((byte)' ');
        if (space <= 0 || line.Length > LongestLine || !Utf8Parser.TryParse(line[(space + 1)..], out rank, out int digits) || digits != line.Length - space - 1)
            return false;
        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(space)];
        if (Base64.DecodeFromUtf8(line[..space], bytes, out int read, out int written) != OperationStatus.Done || read != space || written == 0)
            return false;
        token = bytes[..written];
        return true;
    }

    /// <summary>An encoding by the number of its ranks and its last token.</summary>
    private sealed record Encoded(int Ranks, int Last, string LastText, PretokenPattern Cuts, (string Token, int Id)[] Specials);
}
