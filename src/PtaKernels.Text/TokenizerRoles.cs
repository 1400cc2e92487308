namespace PtaKernels.Text;

/// <summary>What the files beside a Hugging Face vocabulary say of special tokens: <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c>, <c>added_tokens.json</c>.</summary>
/// <remarks>A role of a token that the vocabulary does not have names nothing: the library would give it a new id, which no model of that vocabulary has.</remarks>
internal sealed class TokenizerRoles
{
    private static readonly (string Name, TokenRoles Role)[] Named =
    [
        ("bos_token", TokenRoles.Bos), ("eos_token", TokenRoles.Eos), ("pad_token", TokenRoles.Pad), ("unk_token", TokenRoles.Unk),
        ("cls_token", TokenRoles.Special), ("sep_token", TokenRoles.Special), ("mask_token", TokenRoles.Special),
    ];

    private static readonly string[] Lists = ["additional_special_tokens", "extra_special_tokens"];

    private readonly Dictionary<string, TokenRoles> _roles = new(StringComparer.Ordinal);
    private TokenRoles _given;

    private TokenizerRoles()
    {
    }

    /// <summary>Tokens added after training: place, id, content, and whether they are special where that is said.</summary>
    public List<(string Where, long Id, string Content, bool? Special)> Added { get; } = [];

    /// <summary><c>add_prefix_space</c> of the configuration.</summary>
    public bool AddsPrefixSpace { get; private set; }

    /// <summary>Reads what there is beside a file.</summary>
    public static TokenizerRoles Beside(string file)
    {
        var roles = new TokenizerRoles();
        using JsonFile? config = JsonFile.Open(VocabularyContent.Beside(file, "tokenizer_config.json"));
        using JsonFile? map = JsonFile.Open(VocabularyContent.Beside(file, "special_tokens_map.json"));
        using JsonFile? added = JsonFile.Open(VocabularyContent.Beside(file, "added_tokens.json"));
        JsonPlace? decoder = config?.Root.Find("added_tokens_decoder");
        // As transformers has it: a configuration with added_tokens_decoder is complete, an older one is overruled by the map.
        foreach (JsonFile? source in decoder is null ? [map, config] : new[] { config, map })
        {
            if (source is not null)
                roles.AddNamed(source.Root);
        }

        if (decoder is { } entries)
            roles.AddDecoder(entries);
        if (added is not null)
        {
            foreach ((string content, JsonPlace id) in added.Root.Members())
                roles.Added.Add(($"{Path.GetFileName(id.File)} {Quoted.Text(content)}", id.Integer(), content, null));
        }

        roles.AddsPrefixSpace = config?.Root.Flag("add_prefix_space") ?? false;
        return roles;
    }

    /// <summary>The token that the model itself puts for unknown text; what the files beside it call unknown is none then.</summary>
    public void GiveUnknown(string token)
    {
        foreach (string other in _roles.Keys.ToArray())
            _roles[other] &= ~TokenRoles.Unk;
        Give(token, TokenRoles.Unk);
    }

    private void Give(string token, TokenRoles role)
    {
        _roles[token] = _roles.GetValueOrDefault(token) | role | TokenRoles.Special;
        _given |= role;
    }

    /// <summary>The roles a file names for a token.</summary>
    public TokenRoles Of(string token) => _roles.GetValueOrDefault(token);

    /// <summary>Roles by the usual spellings, where no file names a token for them.</summary>
    public TokenRoles BySpelling(string token) => ~_given & token switch
    {
        "<s>" or "<bos>" or "<|begin_of_text|>" or "<|startoftext|>" => TokenRoles.Bos,
        "</s>" or "<eos>" or "<|endoftext|>" or "<|end_of_text|>" => TokenRoles.Eos,
        "<unk>" => TokenRoles.Unk,
        "<pad>" or "<|pad|>" => TokenRoles.Pad,
        _ => TokenRoles.None,
    };

    /// <summary>Gives the builder's tokens their roles.</summary>
    /// <param name="builder">All tokens, added ones included.</param>
    /// <param name="byteLevel">Every text has bytes, so a token that is "unknown" beside another role is only the other one.</param>
    /// <param name="listed">The file lists its special tokens, so a spelling makes none special.</param>
    public void Apply(VocabularyBuilder builder, bool byteLevel, bool listed)
    {
        foreach ((int id, VocabularyBuilder.Token token) in builder.Tokens.ToArray())
        {
            TokenRoles roles = Of(token.Text);
            bool special = roles != TokenRoles.None || (token.Roles & TokenRoles.Special) != 0;
            TokenRoles spelled = special || !listed ? BySpelling(token.Text) : TokenRoles.None;
            if (!listed && spelled == TokenRoles.None && OwnJsonVocabulary.ControlToken().IsMatch(token.Text))
                spelled = TokenRoles.Special;
            roles |= spelled;
            if (byteLevel && (roles & (TokenRoles.Bos | TokenRoles.Eos | TokenRoles.Pad)) != 0)
                roles &= ~TokenRoles.Unk;
            if (special || roles != TokenRoles.None)
                builder.Mark(id, roles);
        }
    }

    /// <summary>First file first: a role that has been given stays.</summary>
    private void AddNamed(JsonPlace root)
    {
        foreach ((string name, TokenRoles role) in Named)
        {
            if ((role == TokenRoles.Special || (_given & role) == 0) && root.Find(name) is { } token && ContentOf(token) is { Length: > 0 } content)
                Give(content, role);
        }

        foreach (string name in Lists)
        {
            if (root.Find(name) is not { } list)
                continue;
            foreach (JsonPlace token in list.IsObject ? list.Members().Select(static m => m.Value) : list.Items())
                Give(ContentOf(token), TokenRoles.Special);
        }
    }

    private void AddDecoder(JsonPlace entries)
    {
        foreach ((string name, JsonPlace token) in entries.Members())
        {
            if (!long.TryParse(name, out long id))
                throw new AlignmentDataException($"{entries.File}: {Quoted.Shown(token.Where)} is not named by an id; expected {{id: token}}.");
            Added.Add(($"{Path.GetFileName(entries.File)} {Quoted.Shown(token.Where)}", id, ContentOf(token), token.Flag("special")));
        }
    }

    /// <summary>A token is its string, or an object with its content.</summary>
    private static string ContentOf(JsonPlace token) => token.IsString
        ? token.Text()
        : token.Find("content")?.Text() ?? throw token.Wrong("a token: a string, or an object with its content");
}
