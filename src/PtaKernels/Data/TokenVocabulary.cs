using System.Security.Cryptography;
using System.Text;

namespace PtaKernels;

/// <summary>One tokenizer's tokens as the kernels see them: official strings, text bytes, symbols and roles, all indexed by token id. Immutable.</summary>
public sealed class TokenVocabulary
{
    private readonly string?[] _strings;
    private readonly TokenRoles[] _roles;
    private readonly Dictionary<string, int> _ids;
    private readonly Lazy<string> _fingerprint;

    /// <summary>Takes ownership of the arrays.</summary>
    /// <param name="name">A short name for messages and reports.</param>
    /// <param name="marker">The word-start marker in the official strings: <c>▁</c> or <c>Ġ</c>.</param>
    /// <param name="isByteLevel">Byte-level BPE (the official code's GPTNeoX/GPT-2 branch of SPEC B 3b.2) rather than SentencePiece.</param>
    /// <param name="addsDummyPrefix">The encoder puts a space before the text, so the first token's leading space is not in the document.</param>
    /// <param name="strings">[count] official token strings; null = an id without a token.</param>
    /// <param name="texts">[count] decoded bytes; empty for special tokens and holes.</param>
    /// <param name="roles">[count] roles; a hole is marked here as well.</param>
    /// <exception cref="ArgumentException">The arrays differ in length, or a string stands twice.</exception>
    public TokenVocabulary(string name, string marker, bool isByteLevel, bool addsDummyPrefix, string?[] strings, byte[][] texts, TokenRoles[] roles)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(marker);
        ArgumentNullException.ThrowIfNull(strings);
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(roles);
        if (strings.Length != texts.Length || strings.Length != roles.Length)
            throw new ArgumentException($"vocabulary {name}: {strings.Length} strings, {texts.Length} texts and {roles.Length} roles; the three counts must agree.");
        Name = name;
        Marker = marker;
        IsByteLevel = isByteLevel;
        AddsDummyPrefix = addsDummyPrefix;
        _strings = strings;
        _roles = roles;
        Bytes = new ByteTape(texts);
        _ids = new Dictionary<string, int>(strings.Length, StringComparer.Ordinal);
        var builder = new TokenTapeBuilder(strings.Length);
        for (int id = 0; id < strings.Length; id++)
        {
            if (strings[id] is not { } text)
            {
                builder.Add([], roles[id] |= TokenRoles.Hole);
                continue;
            }

            if (!_ids.TryAdd(text, id))
                throw new ArgumentException($"vocabulary {name}: token string \"{text}\" has the ids {_ids[text]} and {id}; a token string must be unique.");
            if ((roles[id] & TokenRoles.Special) != 0)
                builder.AddString(text, roles[id]);
            else
                builder.AddBytes(texts[id], roles[id]);
        }

        Texts = builder.ToTape();
        _fingerprint = new Lazy<string>(ComputeFingerprint);
    }

    /// <summary>A short name for messages and reports.</summary>
    public string Name { get; }

    /// <summary>The word-start marker in the official strings.</summary>
    public string Marker { get; }

    /// <summary>Byte-level BPE rather than SentencePiece.</summary>
    public bool IsByteLevel { get; }

    /// <summary>The encoder puts a space before the text.</summary>
    public bool AddsDummyPrefix { get; }

    /// <summary>Number of ids, holes included.</summary>
    public int Count => _strings.Length;

    /// <summary>Decoded bytes by id; empty for special tokens and holes.</summary>
    public ByteTape Bytes { get; }

    /// <summary>Symbols of the decoded texts by id, with roles (SPEC A3.1); a special token's symbols are its string.</summary>
    public TokenTape Texts { get; }

    /// <summary>Sixteen hexadecimal digits of a SHA-256 over every id's string and role: equal exactly when two vocabularies mean the same tokens.</summary>
    public string Fingerprint => _fingerprint.Value;

    /// <summary>The official string of an id; null for a hole.</summary>
    public string? StringOf(int id) => _strings[id];

    /// <summary>The roles of an id.</summary>
    public TokenRoles RolesOf(int id) => _roles[id];

    /// <summary>Whether an id is special (bos, eos, pad, unk or another control token).</summary>
    public bool IsSpecial(int id) => (_roles[id] & TokenRoles.Special) != 0;

    /// <summary>Whether an id lies in the vocabulary and has a token.</summary>
    public bool HasToken(int id) => (uint)id < (uint)_strings.Length && _strings[id] is not null;

    /// <summary>The id of an official string, or -1.</summary>
    public int IdOf(string text) => _ids.GetValueOrDefault(text, -1);

    /// <summary>The text as a reader should see it: decoded bytes as UTF-8, a special token's string as it is.</summary>
    public string Display(int id) => !HasToken(id) ? "∅" : IsSpecial(id) ? _strings[id]! : Encoding.UTF8.GetString(Bytes[id]);

    private string ComputeFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> header = stackalloc byte[5];
        for (int id = 0; id < _strings.Length; id++)
        {
            byte[] text = _strings[id] is { } s ? Encoding.UTF8.GetBytes(s) : [];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(header, text.Length);
            header[4] = (byte)_roles[id];
            hash.AppendData(header);
            hash.AppendData(text);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}
