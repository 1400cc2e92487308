using System.Runtime.InteropServices;

namespace PtaKernels.Native;

/// <summary>A thread's scratch memory and instruction set.</summary>
internal sealed unsafe class WorkspaceHandle : SafeHandle
{
    public WorkspaceHandle(string? isa)
        : base(0, ownsHandle: true)
    {
        nint created;
        NativeErrors.Require(NativeMethods.WorkspaceCreate(isa, &created));
        SetHandle(created);
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.WorkspaceDestroy(handle);
        return true;
    }
}

/// <summary>A copy of a <see cref="TokenTape"/> on the native side.</summary>
internal sealed unsafe class TapeHandle : SafeHandle
{
    public TapeHandle(TokenTape tape)
        : base(0, ownsHandle: true)
    {
        fixed (int* symbols = tape.Symbols, offsets = tape.Offsets)
        fixed (TokenRoles* roles = tape.Roles)
        {
            var view = new NativeTapeView { StructSize = (uint)sizeof(NativeTapeView), Count = tape.Count, Symbols = symbols, Offsets = offsets, Roles = (byte*)roles };
            nint created;
            NativeErrors.Require(NativeMethods.TapeCreate(&view, &created));
            SetHandle(created);
        }
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.TapeDestroy(handle);
        return true;
    }
}

/// <summary>A copy of <see cref="TokenEmbeddings"/> on the native side.</summary>
internal sealed unsafe class EmbeddingsHandle : SafeHandle
{
    public EmbeddingsHandle(TokenEmbeddings embeddings)
        : base(0, ownsHandle: true)
    {
        fixed (sbyte* source = embeddings.Source, target = embeddings.Target)
        {
            var view = new NativeEmbeddingsView
            {
                StructSize = (uint)sizeof(NativeEmbeddingsView),
                Dimensions = embeddings.Dimensions,
                SourceCount = embeddings.SourceKnown.Length,
                TargetCount = embeddings.TargetKnown.Length,
                Source = source,
                Target = target,
            };
            nint created;
            NativeErrors.Require(NativeMethods.EmbeddingsCreate(&view, &created));
            SetHandle(created);
        }
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.EmbeddingsDestroy(handle);
        return true;
    }
}

/// <summary>Two vocabularies on the native side. It borrows tapes and so keeps them from being destroyed before itself.</summary>
internal sealed unsafe class VocabularyPairHandle : SafeHandle
{
    private readonly List<TapeHandle> _borrowed = [];
    private readonly Lock _giving = new();
    private TargetEncoder? _encoder;
    private bool _hasEmbeddings;

    public VocabularyPairHandle(VocabularyPair pair, OfficialStrings? official)
        : base(0, ownsHandle: true)
    {
        NativeVocabularyView source = ViewOf(pair.Source), target = ViewOf(pair.Target);
        byte[] marked = official is null
            ? []
            : [.. Enumerable.Range(0, pair.Target.Count).Select(id => (byte)(pair.Target.StringOf(id)?.StartsWith(pair.Target.Marker, StringComparison.Ordinal) == true ? 1 : 0))];
        int[]? map = official is { MapIsGiven: true } ? [.. Enumerable.Range(0, official.Map.Count).Select(id => official.Map[id])] : null;
        var strings = new NativeOfficialView { StructSize = (uint)sizeof(NativeOfficialView) };
        if (official is not null)
        {
            strings.Keys = Borrow(official.Keys);
            strings.TargetStrings = Borrow(official.TargetStrings);
            strings.SourceStripped = Borrow(official.SourceStripped);
            strings.TargetStripped = Borrow(official.TargetStripped);
            strings.TargetWithoutSourceMarker = Borrow(official.TargetWithoutSourceMarker);
        }

        fixed (byte* sourceBytes = pair.Source.Bytes.All, targetBytes = pair.Target.Bytes.All, marks = marked)
        fixed (int* sourceOffsets = pair.Source.Bytes.Offsets, targetOffsets = pair.Target.Bytes.Offsets, mapped = map)
        fixed (int* same = official is null ? default : official.SameStrings, prefixed = official is null ? default : official.PrefixedSameStrings,
            owners = official is null ? default : official.PrefixedKeyOwners)
        {
            source.Bytes = sourceBytes;
            source.ByteOffsets = sourceOffsets;
            target.Bytes = targetBytes;
            target.ByteOffsets = targetOffsets;
            strings.SameString = same;
            strings.PrefixedSameString = prefixed;
            strings.PrefixedKeyOwner = owners;
            strings.TargetStartsWithMarker = marks;
            strings.Map = mapped;
            nint created;
            NativeErrors.Require(NativeMethods.VocabularyPairCreate(&source, &target, official is null ? null : &strings, &created));
            SetHandle(created);
        }
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.VocabularyPairDestroy(handle);
        foreach (TapeHandle tape in _borrowed)
            tape.DangerousRelease();
        _encoder?.Dispose();
        return true;
    }

    /// <summary>The target's encoder, given to the native side at the first call.</summary>
    /// <param name="pair">The pair, with an encoder.</param>
    public TargetEncoder RequireEncoder(VocabularyPair pair)
    {
        if (Volatile.Read(ref _encoder) is { } given)
            return given;
        lock (_giving)
        {
            if (_encoder is { } known)
                return known;
            var encoder = new TargetEncoder(pair.TargetEncoder!);
            NativeErrors.Require(NativeMethods.VocabularyPairSetEncoder(this, &TargetEncoder.FirstToken, encoder.User));
            Volatile.Write(ref _encoder, encoder);
            return encoder;
        }
    }

    /// <summary>Gives the native side the tokens' vectors at the first call; it shares the copy with every other pair of the same ones.</summary>
    /// <param name="embeddings">Those of this pair, always the same.</param>
    public void RequireEmbeddings(TokenEmbeddings embeddings)
    {
        if (Volatile.Read(ref _hasEmbeddings))
            return;
        lock (_giving)
        {
            if (_hasEmbeddings)
                return;
            NativeErrors.Require(NativeMethods.VocabularyPairSetEmbeddings(this, NativeTapes.Of(embeddings)));
            Volatile.Write(ref _hasEmbeddings, true);
        }
    }

    private NativeVocabularyView ViewOf(TokenVocabulary vocabulary) => new()
    {
        StructSize = (uint)sizeof(NativeVocabularyView),
        Count = vocabulary.Count,
        Texts = Borrow(vocabulary.Texts),
        AddsDummyPrefix = vocabulary.AddsDummyPrefix ? 1 : 0,
    };

    private nint Borrow(TokenTape tape)
    {
        TapeHandle handleOf = NativeTapes.KeptOf(tape);
        bool held = false;
        handleOf.DangerousAddRef(ref held);
        _borrowed.Add(handleOf);
        return handleOf.DangerousGetHandle();
    }
}
