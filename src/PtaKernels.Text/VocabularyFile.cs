using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace PtaKernels.Text;

/// <summary>Vocabularies in our own JSON form, plain or gzip: <c>{"name","class","special","eos_id","tokens":[id → string or null]}</c>.</summary>
/// <remarks>
/// <c>class</c> is the tokenizer class of the official code: <c>LlamaTokenizer</c> (SentencePiece, marker ▁, dummy prefix) or <c>GPTNeoXTokenizerFast</c>
/// (byte-level BPE, marker Ġ). Roles come from <c>eos_id</c> and from the usual spellings <c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c>, <c>&lt;unk&gt;</c>,
/// <c>&lt;pad&gt;</c>, <c>&lt;|name|&gt;</c>. Optional: <c>bos_id</c>, <c>pad_id</c>, <c>unk_id</c>, and <c>dummy_prefix</c> to overrule the class.
/// </remarks>
public static partial class VocabularyFile
{
    /// <summary>Reads a vocabulary.</summary>
    /// <exception cref="AlignmentDataException">The file is missing, damaged or not of this form; the message names it and says what is expected.</exception>
    public static TokenVocabulary Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Document document;
        try
        {
            using Stream file = File.OpenRead(path);
            using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
            document = JsonSerializer.Deserialize(stream, VocabularyJson.Default.Document)
                ?? throw new AlignmentDataException($"{path}: holds null, not a vocabulary.");
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new AlignmentDataException($"{path}: {Reason(e)}; expected vocabulary JSON with name, class, special and tokens.", e);
        }

        try
        {
            return Build(document);
        }
        catch (ArgumentException e)
        {
            throw new AlignmentDataException($"{path}: {e.Message}", e);
        }
    }

    private static string Reason(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        JsonException json => $"not valid JSON (line {json.LineNumber + 1})",
        InvalidDataException => "not a whole gzip file",
        _ => e.Message,
    };

    private static TokenVocabulary Build(Document document)
    {
        if (document.Tokens is not { Length: > 0 } tokens || string.IsNullOrEmpty(document.Name) || string.IsNullOrEmpty(document.Marker))
            throw new ArgumentException("name, special or tokens are missing or empty.");
        bool byteLevel = document.Class switch
        {
            "GPTNeoXTokenizerFast" or "GPT2TokenizerFast" => true,
            "LlamaTokenizer" or "LlamaTokenizerFast" => false,
            _ => throw new ArgumentException($"class '{document.Class}' is unknown; use LlamaTokenizer or GPTNeoXTokenizerFast."),
        };
        var roles = new TokenRoles[tokens.Length];
        byte[][] texts = new byte[tokens.Length][];
        for (int id = 0; id < tokens.Length; id++)
        {
            texts[id] = [];
            if (tokens[id] is not { } token)
                continue;
            roles[id] = RolesOf(token, id, document);
            if (roles[id] != TokenRoles.None)
                continue;
            if ((byteLevel ? TokenText.FromByteLevel(token) : TokenText.FromSentencePiece(token)) is { } text)
                texts[id] = text;
            else
                roles[id] = TokenRoles.Special;
        }

        return new TokenVocabulary(document.Name, document.Marker, byteLevel, document.DummyPrefix ?? !byteLevel, tokens, texts, roles);
    }

    private static TokenRoles RolesOf(string token, int id, Document document)
    {
        TokenRoles roles = token switch
        {
            "<s>" => TokenRoles.Bos,
            "</s>" => TokenRoles.Eos,
            "<unk>" => TokenRoles.Unk,
            "<pad>" => TokenRoles.Pad,
            _ => TokenRoles.None,
        };
        roles |= id == document.EosId ? TokenRoles.Eos : TokenRoles.None;
        roles |= id == document.BosId ? TokenRoles.Bos : TokenRoles.None;
        roles |= id == document.PadId ? TokenRoles.Pad : TokenRoles.None;
        roles |= id == document.UnkId ? TokenRoles.Unk : TokenRoles.None;
        return roles != TokenRoles.None || ControlToken().IsMatch(token) ? roles | TokenRoles.Special : TokenRoles.None;
    }

    [GeneratedRegex(@"^<\|[a-zA-Z0-9_]+\|>$")]
    private static partial Regex ControlToken();

    internal sealed record Document(
        [property: JsonPropertyName("name")] string? Name,
        [property: JsonPropertyName("class")] string? Class,
        [property: JsonPropertyName("special")] string? Marker,
        [property: JsonPropertyName("eos_id")] int? EosId,
        [property: JsonPropertyName("bos_id")] int? BosId,
        [property: JsonPropertyName("pad_id")] int? PadId,
        [property: JsonPropertyName("unk_id")] int? UnkId,
        [property: JsonPropertyName("dummy_prefix")] bool? DummyPrefix,
        [property: JsonPropertyName("tokens")] string?[]? Tokens);

    [JsonSerializable(typeof(Document))]
    internal sealed partial class VocabularyJson : JsonSerializerContext;
}
