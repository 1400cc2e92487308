namespace PtaKernels.Text;

/// <summary>Collects tokens by id, in any order, and checks what every format must keep: ids in range, each id and each string once.</summary>
internal sealed class VocabularyBuilder(string file)
{
    /// <summary>No vocabulary comes near it; a damaged id does.</summary>
    public const int MaxId = 4_000_000;

    /// <summary>Ids that a vocabulary of T tokens may reach: T * HolesPerToken + FreeHoles. Bounds what a damaged id can make us allocate.</summary>
    private const int HolesPerToken = 16, FreeHoles = 1 << 16;

    private readonly Dictionary<int, Token> _tokens = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private int _count;

    public string File => file;

    public IEnumerable<KeyValuePair<int, Token>> Tokens => _tokens;

    /// <summary>Adds a token.</summary>
    /// <exception cref="AlignmentDataException">The id is out of range, or the id or the string has been taken.</exception>
    public void Add(string where, long id, string text, byte[] bytes, TokenRoles roles = TokenRoles.None)
    {
        if (id is < 0 or > MaxId)
            throw new AlignmentDataException($"{file}: {where}: token {Quoted.Text(text)} has id {id}; expected 0 to {MaxId}.");
        if (!_tokens.TryAdd((int)id, new Token(text, bytes, roles)))
            throw new AlignmentDataException($"{file}: {where}: id {id} belongs to {Quoted.Text(_tokens[(int)id].Text)} and to {Quoted.Text(text)}; expected one token per id.");
        if (!_ids.TryAdd(text, (int)id))
            throw new AlignmentDataException($"{file}: {where}: token {Quoted.Text(text)} has the ids {_ids[text]} and {id}; expected every token string once.");
        _count = Math.Max(_count, (int)id + 1);
    }

    /// <summary>Ids up to here exist even when they have no token.</summary>
    public void Reserve(int count) => _count = Math.Max(_count, count);

    /// <summary>The id of a string, or -1.</summary>
    public int IdOf(string text) => _ids.GetValueOrDefault(text, -1);

    /// <summary>The token of an id, or null.</summary>
    public Token? Find(long id) => id is >= 0 and <= MaxId ? _tokens.GetValueOrDefault((int)id) : null;

    /// <summary>Gives a token roles; it becomes special, so it has no text of its own.</summary>
    public void Mark(int id, TokenRoles roles)
    {
        Token token = _tokens[id];
        _tokens[id] = token with { Bytes = [], Roles = token.Roles | roles | TokenRoles.Special };
    }

    /// <summary>Replaces what a token stands for.</summary>
    public void Retext(int id, byte[] bytes) => _tokens[id] = _tokens[id] with { Bytes = bytes };

    /// <summary>The vocabulary; ids that were not added are holes.</summary>
    /// <exception cref="AlignmentDataException">There are no tokens, or the ids are far apart.</exception>
    public TokenVocabulary Build(string name, string marker, bool byteLevel, bool dummyPrefix)
    {
        if (_tokens.Count == 0)
            throw new AlignmentDataException($"{file}: holds no tokens; expected a vocabulary.");
        if (_count > ((long)_tokens.Count * HolesPerToken) + FreeHoles)
            throw new AlignmentDataException($"{file}: its {_tokens.Count} tokens reach up to id {_count - 1}; expected ids that lie together.");
        string?[] strings = new string?[_count];
        byte[][] texts = new byte[_count][];
        var roles = new TokenRoles[_count];
        for (int id = 0; id < _count; id++)
        {
            Token? token = _tokens.GetValueOrDefault(id);
            (strings[id], texts[id], roles[id]) = (token?.Text, token?.Bytes ?? [], token?.Roles ?? TokenRoles.None);
        }

        return new TokenVocabulary(name, marker, byteLevel, dummyPrefix, strings, texts, roles);
    }

    internal sealed record Token(string Text, byte[] Bytes, TokenRoles Roles);
}
