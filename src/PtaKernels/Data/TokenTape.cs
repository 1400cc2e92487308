using System.Text;

namespace PtaKernels;

/// <summary>What a token is besides text. A special token has zero width in a document and is compared by role, never by spelling (SPEC A3.1).</summary>
[Flags]
public enum TokenRoles : byte
{
    /// <summary>An ordinary token: compared by its symbols.</summary>
    None = 0,

    /// <summary>A special (control) token, with or without one of the roles below.</summary>
    Special = 1,

    /// <summary>Begin of sequence.</summary>
    Bos = 2,

    /// <summary>End of sequence.</summary>
    Eos = 4,

    /// <summary>Padding.</summary>
    Pad = 8,

    /// <summary>Unknown text.</summary>
    Unk = 16,

    /// <summary>An id without a token: never a nearest token, an error wherever a document or a candidate uses it.</summary>
    Hole = 128,
}

/// <summary>The symbols of many tokens on one tape: token t is <c>symbols[offsets[t] .. offsets[t + 1]]</c>.</summary>
/// <remarks>
/// A symbol is a code point, or 0xDC00 + byte for a byte that is not valid UTF-8 (SPEC A3.1); the two ranges cannot collide because surrogates
/// are not code points of valid UTF-8. Tapes are immutable and may be shared between threads.
/// </remarks>
public sealed class TokenTape
{
    /// <summary>Distance between a special token and any token that it does not match by role or spelling (SPEC A3.1).</summary>
    public const int SpecialMismatch = 64;

    private const TokenRoles NamedRoles = TokenRoles.Bos | TokenRoles.Eos | TokenRoles.Pad | TokenRoles.Unk;

    private readonly int[] _symbols;
    private readonly int[] _offsets;
    private readonly TokenRoles[]? _roles;

    /// <summary>Wraps a tape.</summary>
    /// <param name="symbols">All symbols, tokens one after the other.</param>
    /// <param name="offsets">[count + 1], ascending from 0 to <c>symbols.Length</c>.</param>
    /// <param name="roles">[count], or null when every token is ordinary.</param>
    /// <exception cref="ArgumentException">The offsets do not describe the symbols, or the roles have another count.</exception>
    public TokenTape(int[] symbols, int[] offsets, TokenRoles[]? roles = null)
    {
        ArgumentNullException.ThrowIfNull(symbols);
        ArgumentNullException.ThrowIfNull(offsets);
        if (offsets.Length == 0 || offsets[0] != 0 || offsets[^1] != symbols.Length)
            throw new ArgumentException("A tape's offsets start at 0 and end at the number of symbols.", nameof(offsets));
        for (int t = 1; t < offsets.Length; t++)
        {
            if (offsets[t] < offsets[t - 1])
                throw new ArgumentException($"A tape's offsets ascend; offset {t} does not.", nameof(offsets));
        }

        if (roles is not null && roles.Length != offsets.Length - 1)
            throw new ArgumentException($"{roles.Length} roles for {offsets.Length - 1} tokens.", nameof(roles));
        _symbols = symbols;
        _offsets = offsets;
        _roles = roles;
        for (int t = 1; t < offsets.Length; t++)
            LongestToken = Math.Max(LongestToken, offsets[t] - offsets[t - 1]);
    }

    /// <summary>Number of tokens.</summary>
    public int Count => _offsets.Length - 1;

    /// <summary>Symbols of the longest token.</summary>
    public int LongestToken { get; }

    /// <summary>All symbols, tokens one after the other.</summary>
    public ReadOnlySpan<int> Symbols => _symbols;

    /// <summary>[Count + 1] start of each token on the tape.</summary>
    public ReadOnlySpan<int> Offsets => _offsets;

    /// <summary>[Count] roles, or empty when every token is ordinary.</summary>
    public ReadOnlySpan<TokenRoles> Roles => _roles;

    /// <summary>The symbols of one token.</summary>
    public ReadOnlySpan<int> this[int token] => _symbols.AsSpan(_offsets[token].._offsets[token + 1]);

    /// <summary>The roles of one token; <see cref="TokenRoles.None"/> on a tape without roles.</summary>
    public TokenRoles RolesOf(int token) => _roles is null ? TokenRoles.None : _roles[token];

    /// <summary>Whether two tokens, of which at least one is special, count as the same: they share a role or have equal symbols (SPEC A3.1).</summary>
    public static bool SpecialsMatch(TokenTape source, int i, TokenTape target, int j)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        TokenRoles a = source.RolesOf(i), b = target.RolesOf(j);
        if (((a & b) & TokenRoles.Special) == 0)
            return false;
        return ((a & b) & NamedRoles) != 0 || source[i].SequenceEqual(target[j]);
    }

    /// <summary>Builds a tape of strings: one symbol per code point, a lone surrogate kept as itself; null makes a <see cref="TokenRoles.Hole"/>.</summary>
    public static TokenTape FromStrings(IReadOnlyList<string?> strings)
    {
        ArgumentNullException.ThrowIfNull(strings);
        var builder = new TokenTapeBuilder(strings.Count);
        foreach (string? text in strings)
        {
            if (text is null)
                builder.Add([], TokenRoles.Hole);
            else
                builder.AddString(text);
        }

        return builder.ToTape();
    }
}

/// <summary>Collects tokens into a <see cref="TokenTape"/>.</summary>
public sealed class TokenTapeBuilder
{
    private readonly List<int> _symbols = [];
    private readonly List<int> _offsets;
    private readonly List<TokenRoles> _roles = [];

    /// <summary>An empty builder with room for a number of tokens.</summary>
    public TokenTapeBuilder(int capacity = 16) => _offsets = new List<int>(capacity + 1) { 0 };

    /// <summary>Number of tokens so far; also the id of the next one.</summary>
    public int Count => _roles.Count;

    /// <summary>Adds a token by its symbols and returns its id.</summary>
    public int Add(ReadOnlySpan<int> symbols, TokenRoles roles = TokenRoles.None)
    {
        foreach (int symbol in symbols)
            _symbols.Add(symbol);
        return Close(roles);
    }

    /// <summary>Adds a token by its text bytes: code points of valid UTF-8, 0xDC00 + byte for every other byte (SPEC A3.1).</summary>
    public int AddBytes(ReadOnlySpan<byte> text, TokenRoles roles = TokenRoles.None)
    {
        while (!text.IsEmpty)
        {
            bool valid = Rune.DecodeFromUtf8(text, out Rune rune, out int consumed) == System.Buffers.OperationStatus.Done;
            if (valid)
            {
                _symbols.Add(rune.Value);
            }
            else
            {
                foreach (byte b in text[..consumed])
                    _symbols.Add(0xDC00 + b);
            }

            text = text[consumed..];
        }

        return Close(roles);
    }

    /// <summary>Adds a token by its string: code points, a lone surrogate as itself (as Python strings hold it).</summary>
    public int AddString(string text, TokenRoles roles = TokenRoles.None)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
                _symbols.Add(char.ConvertToUtf32(text, i++));
            else
                _symbols.Add(text[i]);
        }

        return Close(roles);
    }

    /// <summary>Empties the builder, keeping its memory.</summary>
    public void Clear()
    {
        _symbols.Clear();
        _roles.Clear();
        _offsets.Clear();
        _offsets.Add(0);
    }

    /// <summary>The tape of all tokens added.</summary>
    public TokenTape ToTape() => new([.. _symbols], [.. _offsets], [.. _roles]);

    private int Close(TokenRoles roles)
    {
        _offsets.Add(_symbols.Count);
        _roles.Add(roles);
        return _roles.Count - 1;
    }
}
