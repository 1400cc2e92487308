using System.Text.RegularExpressions;

namespace PtaKernels.Text;

/// <summary>Our own JSON form: <c>{"name","class","special","eos_id","tokens":[id → string or null]}</c>.</summary>
/// <remarks>
/// <c>class</c> is the tokenizer class of the official code: <c>LlamaTokenizer</c> (SentencePiece, marker ▁, dummy prefix) or <c>GPTNeoXTokenizerFast</c>
/// (byte-level BPE, marker Ġ). Roles come from <c>eos_id</c> and from the usual spellings <c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c>, <c>&lt;unk&gt;</c>,
/// <c>&lt;pad&gt;</c>, <c>&lt;|name|&gt;</c>. Optional: <c>bos_id</c>, <c>pad_id</c>, <c>unk_id</c>, and <c>dummy_prefix</c> to overrule the class.
/// </remarks>
internal static partial class OwnJsonVocabulary
{
    private static readonly (string Name, TokenRoles Role)[] RoleIds =
        [("eos_id", TokenRoles.Eos), ("bos_id", TokenRoles.Bos), ("pad_id", TokenRoles.Pad), ("unk_id", TokenRoles.Unk)];

    public static TokenVocabulary Read(JsonPlace root)
    {
        if (root.Find("name")?.Text() is not { Length: > 0 } name || root.Find("special")?.Text() is not { Length: > 0 } marker || root.Find("tokens") is not { } tokens || tokens.Value.GetArrayLength() == 0)
            throw new AlignmentDataException($"{root.File}: name, special or tokens are missing or empty; expected vocabulary JSON with name, class, special and tokens.");
        bool byteLevel = root.Find("class")?.Text() switch
        {
            "GPTNeoXTokenizerFast" or "GPT2TokenizerFast" => true,
            "LlamaTokenizer" or "LlamaTokenizerFast" => false,
            var other => throw new AlignmentDataException($"{root.File}: class '{Quoted.Shown(other ?? "")}' is unknown; use LlamaTokenizer or GPTNeoXTokenizerFast."),
        };
        (long? Id, TokenRoles Role)[] named = [.. RoleIds.Select(r => (root.Find(r.Name)?.Integer(), r.Role))];
        var builder = new VocabularyBuilder(root.File);
        int id = 0;
        foreach (JsonPlace item in tokens.Items())
        {
            if (item.Value.ValueKind != System.Text.Json.JsonValueKind.Null)
                Add(builder, item, id, byteLevel, named);
            id++;
        }

        if (named.FirstOrDefault(n => n.Id < 0 || n.Id >= id) is { Id: { } outside, Role: var role })
            throw new AlignmentDataException($"{root.File}: {role.ToString().ToLowerInvariant()}_id is {outside}; expected null or an id below {id}.");
        builder.Reserve(id);
        return builder.Build(name, marker, byteLevel, root.Flag("dummy_prefix", missing: !byteLevel));
    }

    private static void Add(VocabularyBuilder builder, JsonPlace item, int id, bool byteLevel, (long? Id, TokenRoles Role)[] named)
    {
        string token = item.Text();
        TokenRoles roles = token switch
        {
            "<s>" => TokenRoles.Bos,
            "</s>" => TokenRoles.Eos,
            "<unk>" => TokenRoles.Unk,
            "<pad>" => TokenRoles.Pad,
            _ => TokenRoles.None,
        };
        foreach ((long? roleId, TokenRoles role) in named)
            roles |= roleId == id ? role : TokenRoles.None;
        if (roles != TokenRoles.None || ControlToken().IsMatch(token))
            roles |= TokenRoles.Special;
        byte[]? text = roles != TokenRoles.None ? [] : byteLevel ? TokenText.FromByteLevel(token) : TokenText.FromSentencePiece(token);
        builder.Add(item.Where, id, token, text ?? [], text is null ? TokenRoles.Special : roles);
    }

    /// <summary>The usual spelling of a control token.</summary>
    [GeneratedRegex(@"^<\|[a-zA-Z0-9_]+\|>$")]
    internal static partial Regex ControlToken();
}
