using PtaKernels.Native;

namespace PtaKernels.Tests.Native;

/// <summary>Bad arguments of vocabulary pairs and whole documents over the C ABI.</summary>
public sealed unsafe class BadDocumentTests
{
    [OneTimeSetUp]
    public void Load() => Assert.That(NativeLibraryFile.WhyUnavailable, Is.Null);

    [Test]
    public void VocabularyPairs()
    {
        using var x = new AbiArguments();
        bool held = false;
        x.Tape.DangerousAddRef(ref held);
        nint tape = x.Tape.DangerousGetHandle();
        int* offsets = stackalloc int[5] { 0, 1, 2, 3, 4 };
        int* ids = stackalloc int[4] { -1, 0, 1, 3 };
        var good = new NativeVocabularyView { StructSize = (uint)sizeof(NativeVocabularyView), Count = 4, Texts = tape, Bytes = x.Bytes, ByteOffsets = offsets };
        var official = new NativeOfficialView
        {
            StructSize = (uint)sizeof(NativeOfficialView),
            Keys = tape,
            TargetStrings = tape,
            SourceStripped = tape,
            TargetStripped = tape,
            TargetWithoutSourceMarker = tape,
            SameString = ids,
            PrefixedSameString = ids,
            PrefixedKeyOwner = ids,
            TargetStartsWithMarker = x.Bytes,
        };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Create(good, good, &official), Is.EqualTo(NativeStatus.Ok));
            Refused(good with { StructSize = 8 }, good, null, NativeStatus.Struct, "source.struct_size is 8");
            Refused(good, good with { StructSize = 8 }, null, NativeStatus.Struct, "target.struct_size is 8");
            Refused(good with { Count = -1 }, good, null, NativeStatus.Argument, "source.count is -1");
            Refused(good with { Count = 3 }, good, null, NativeStatus.Argument, "source.texts has 4 tokens for source.count = 3");
            Refused(good, good with { Texts = 0 }, null, NativeStatus.Argument, "target.texts is null");
            Refused(good, good with { Bytes = null }, null, NativeStatus.Argument, "target.bytes is null");
            Refused(good, good with { ByteOffsets = null }, null, NativeStatus.Argument, "target.byte_offsets is null");
            Refused(good, good with { ByteOffsets = AbiArguments.Off(offsets) }, null, NativeStatus.Argument, "target.byte_offsets is misaligned");
            Refused(good with { AddsDummyPrefix = 2 }, good, null, NativeStatus.Argument, "source.adds_dummy_prefix is 2");
            Refused(good with { Reserved = 1 }, good, null, NativeStatus.Argument, "source.reserved is 1");
            RefusedOfficial(official with { StructSize = 1 }, NativeStatus.Struct, "official.struct_size is 1");
            RefusedOfficial(official with { Reserved = 1 }, NativeStatus.Argument, "official.reserved is 1");
            RefusedOfficial(official with { Keys = 0 }, NativeStatus.Argument, "official.keys is null");
            RefusedOfficial(official with { TargetStripped = 0 }, NativeStatus.Argument, "official.target_stripped is null");
            RefusedOfficial(official with { SameString = null }, NativeStatus.Argument, "official.same_string is null");
            RefusedOfficial(official with { PrefixedKeyOwner = AbiArguments.Off(ids) }, NativeStatus.Argument, "official.prefixed_key_owner is misaligned");
            RefusedOfficial(official with { TargetStartsWithMarker = null }, NativeStatus.Argument, "official.target_starts_with_marker is null");
            ids[2] = 4;
            RefusedOfficial(official, NativeStatus.Argument, "official.same_string[2] is 4; it must be -1..3");
            ids[2] = -2;
            RefusedOfficial(official with { SameString = x.Ids, PrefixedSameString = x.Ids, PrefixedKeyOwner = x.Ids, Map = ids }, NativeStatus.Argument, "official.map[2] is -2");
            offsets[2] = 5;
            Refused(good, good, null, NativeStatus.Argument, "source.byte_offsets[3] is 3 after 5");
            offsets[2] = 2;
            NativeVocabularyView view = good;
            nint pair;
            AbiArguments.AssertRefused(NativeMethods.VocabularyPairCreate(&view, &view, null, null), NativeStatus.Argument, "pair is null");
            AbiArguments.AssertRefused(NativeMethods.VocabularyPairCreate(null, &view, null, &pair), NativeStatus.Argument, "source is null");
            AbiArguments.AssertRefused(NativeMethods.VocabularyPairCreate(&view, null, null, &pair), NativeStatus.Argument, "target is null");
        }

        x.Tape.DangerousRelease();

        void RefusedOfficial(NativeOfficialView view, NativeStatus status, string sentence) => Refused(good, good, &view, status, sentence);

        static void Refused(NativeVocabularyView source, NativeVocabularyView target, NativeOfficialView* strings, NativeStatus status, string sentence) =>
            AbiArguments.AssertRefused(Create(source, target, strings), status, sentence);

        static NativeStatus Create(NativeVocabularyView source, NativeVocabularyView target, NativeOfficialView* strings)
        {
            nint pair;
            NativeStatus status = NativeMethods.VocabularyPairCreate(&source, &target, strings, &pair);
            NativeMethods.VocabularyPairDestroy(pair);
            return status;
        }
    }

    [Test]
    public void AlignOptions([Values(0, 1, 2)] int preset)
    {
        using var x = new AbiArguments();
        NativeAlignOptions good = AbiArguments.AlignOptions(preset);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Capacity(good, 3, 2, 2), Is.EqualTo(6));
            Refused(good with { StructSize = 60 }, NativeStatus.Struct, "options.struct_size is 60");
            Refused(good with { Preset = 3 }, NativeStatus.Argument, "options.preset is 3; it must be 0..2");
            Refused(good with { Window = 65 }, NativeStatus.Argument, "options.window is 65");
            Refused(good with { FusedK = -1 }, NativeStatus.Argument, "options.fused_k is -1");
            Refused(good with { MeasureSignal = 2 }, NativeStatus.Argument, "options.measure_signal is 2");
            Refused(good with { Threads = -1 }, NativeStatus.Argument, "options.threads is -1");
            Refused(good with { Epsilon = double.NaN }, NativeStatus.Argument, "options.epsilon is NaN");
            Refused(good with { Temperature = 0 }, NativeStatus.Argument, "options.temperature is 0");
            Refused(good with { ByteTail = 1 }, NativeStatus.Argument, "options.byte_tail is 1; it must be 0..0 here");
            Refused(good with { Projection = 4 }, NativeStatus.Argument, "options.projection is 4");
            Refused(good with { Transfer = 2 }, NativeStatus.Argument, "options.transfer is 2");
            Refused(good with { Transport = 5 }, NativeStatus.Argument, "options.transport is 5; it must be 0, or 4 for preset fusion");
            Refused(good with { ProjectionColumns = 1 }, NativeStatus.Argument, "options.projection_columns is 1; it must be 0..0");
            Refused(good with { Rho = 0.05 }, NativeStatus.Argument, "options.rho is 0.05; it must be 0 without transport unbalanced");
            Refused(good with { Solver = 2 }, NativeStatus.Argument, "options.solver is 2");
            Refused(good with { Reserved = 1 }, NativeStatus.Argument, "options.reserved is 1");
            Assert.That(Capacity(good with { StructSize = 72, Transport = 99, Reserved = 99 }, 3, 2, 2), Is.EqualTo(6), "what lies behind the first version's struct is not read");
            if (preset == 0)
            {
                Refused(good with { Solver = 1 }, NativeStatus.Argument, "options.solver is 1; it must be 0..0");
                Refused(good with { Projection = 1 }, NativeStatus.Argument, "options.projection is 1; it must be 0..0");
                Refused(good with { Tolerance = 0 }, NativeStatus.Argument, "options.tolerance is 0");
                Refused(good with { MaxIterations = -1 }, NativeStatus.Argument, "options.max_iterations is -1");
            }

            if (preset == 2)
            {
                Refused(good with { Mass = 0 }, NativeStatus.Argument, "options.mass is 0; it must be 1..2");
                Refused(good with { Mass = 2, Temperature = 2 }, NativeStatus.Argument, "options.temperature is 2; mass tail");
                Refused(good with { Projection = 1, ByteTail = 65 }, NativeStatus.Argument, "options.byte_tail is 65; it must be 0..64 here");
                Refused(good with { Projection = 1, ByteTail = double.NaN }, NativeStatus.Argument, "options.byte_tail is ");
                Refused(good with { Transport = 4 }, NativeStatus.Argument, "options.rho is 0");
                Refused(good with { Transport = 4, Rho = 0.05, Projection = 1 }, NativeStatus.Argument, "options.transport is 4");
                Refused(good with { Solver = 1 }, NativeStatus.Argument, "options.solver is 1; it must be 0..0");
                Assert.That(Capacity(good with { Transport = 4, Rho = 0.05 }, 3, 2, 2), Is.EqualTo(6));
                Assert.That(Capacity(good with { Projection = 1, FusedK = 7 }, 3, 2, 2), Is.EqualTo(21), "projection byte may keep more tokens than there are candidates");
            }
            else
            {
                Refused(good with { Transport = 4, Rho = 0.05 }, NativeStatus.Argument, "options.transport is 4");
                Refused(good with { Transfer = 1 }, NativeStatus.Argument, "options.transfer is 1; it must be 0..0");
            }

            if (preset == 1)
                Refused(good with { Projection = 1 }, NativeStatus.Argument, "options.projection is byte, which is preset fusion's");
            if (preset > 0)
            {
                Refused(good with { Projection = 2 }, NativeStatus.Argument, "options.projection_columns is 0; it must be 1..64");
                Refused(good with { Projection = 2, ProjectionColumns = 65 }, NativeStatus.Argument, "options.projection_columns is 65");
                Assert.That(Capacity(good with { Projection = 2, ProjectionColumns = 3, FusedK = 20 }, 3, 2, 2), Is.EqualTo(18), "three columns for each of two candidates");
                Assert.That(Capacity(good with { Projection = 3, FusedK = 20 }, 3, 2, 2), Is.EqualTo(60), "any column");
            }

            Assert.That((Capacity(good, -1, 2, 2), Capacity(good, 3, 0, 2), Capacity(good, 3, 2, 65)), Is.EqualTo((-1L, -1L, -1L)));
            Assert.That(NativeMethods.AlignCapacity(null, 3, 2, 2), Is.EqualTo(-1));
            AbiArguments.AssertRefused(NativeMethods.AlignBatch(x.Workspace, x.Pair, null, null, 0), NativeStatus.Argument, "options is null");
        }

        void Refused(NativeAlignOptions options, NativeStatus status, string sentence) =>
            AbiArguments.AssertRefused(NativeMethods.AlignBatch(x.Workspace, x.OfficialPair, &options, null, 0), status, sentence);

        static long Capacity(NativeAlignOptions options, int length, int sourceK, int targetK) => NativeMethods.AlignCapacity(&options, length, sourceK, targetK);
    }

    [Test]
    public void Documents()
    {
        using var x = new AbiArguments();
        NativeAlignOptions paper = AbiArguments.AlignOptions(1), reference = AbiArguments.AlignOptions(0);
        NativeDocument good = x.Document();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Align(good, paper), Is.EqualTo(NativeStatus.Ok));
            AbiArguments.AssertRefused(AlignAt(null, 0, reference), NativeStatus.Argument, "pair was made without official strings");
            AbiArguments.AssertRefused(AlignAt(null, 2, paper), NativeStatus.Argument, "documents is null");
            AbiArguments.AssertRefused(AlignAt(null, -2, paper), NativeStatus.Argument, "count is -2");
            AbiArguments.AssertRefused(AlignAt((NativeDocument*)AbiArguments.Off(x.Bytes), 1, paper), NativeStatus.Argument, "documents is misaligned");
            Refused(good with { Source = good.Source with { Length = 0 } }, "documents[0].source.length is 0");
            Refused(good with { Target = good.Target with { Length = -1 } }, "documents[0].target.length is -1");
            Refused(good with { Source = good.Source with { K = 0 } }, "documents[0].source.k is 0; it must be 1..64");
            Refused(good with { Target = good.Target with { K = 65 } }, "documents[0].target.k is 65");
            Refused(good with { Source = good.Source with { Ids = null } }, "documents[0].source.ids is null");
            Refused(good with { Source = good.Source with { Indices = null } }, "documents[0].source.indices is null");
            Refused(good with { Target = good.Target with { Values = null } }, "documents[0].target.values is null");
            Refused(good with { Target = good.Target with { Values = AbiArguments.Off(x.Numbers) } }, "documents[0].target.values is misaligned");
            Refused(good with { Target = good.Target with { LogSumExp = AbiArguments.Off(x.Numbers) } }, "documents[0].target.lse is misaligned");
            Refused(good with { Source = good.Source with { Spans = AbiArguments.Off(x.Ids) } }, "documents[0].source.spans is misaligned");
            Refused(good with { Capacity = 3 }, "documents[0].capacity is 3; pta_align_capacity asks for 4");
            Refused(good with { Starts = null }, "documents[0].starts is null");
            Refused(good with { Tokens = null }, "documents[0].tokens is null");
            Refused(good with { Values = null }, "documents[0].values is null");
            Refused(good with { Rows = null }, "documents[0].rows is null");
            Refused(good with { Values = x.Numbers }, "values and source.values overlap");
            Refused(good with { Tokens = x.Integers }, "tokens and starts overlap");
            Refused(good with { PriorStarts = AbiArguments.Off(x.Ids) }, "documents[0].prior_starts is misaligned");
            int* starts = stackalloc int[3] { 0, 2, 1 };
            Refused(good with { PriorStarts = starts }, "documents[0].prior_starts[2] is 1");
            (starts[1], starts[2]) = (1, 2);
            Refused(good with { PriorStarts = starts }, "documents[0].prior_tokens is null");
            int* tokens = stackalloc int[2] { 0, 4 };
            Refused(good with { PriorStarts = starts, PriorTokens = tokens, PriorValues = x.A }, "documents[0].prior_tokens[1] is 4");
            NativeAlignOptions fusion = AbiArguments.AlignOptions(2);
            AbiArguments.AssertRefused(Align(good with { PriorStarts = starts, PriorTokens = tokens, PriorValues = x.A }, fusion), NativeStatus.Argument, "documents[0].prior_starts: only preset paper");
        }

        void Refused(NativeDocument document, string sentence) => AbiArguments.AssertRefused(Align(document, paper), NativeStatus.Argument, sentence);

        NativeStatus Align(NativeDocument document, NativeAlignOptions options) => AlignAt(&document, 1, options);

        NativeStatus AlignAt(NativeDocument* documents, long count, NativeAlignOptions options) => NativeMethods.AlignBatch(x.Workspace, x.Pair, &options, documents, count);
    }

    [Test]
    public void ADocumentsOwnNumbersRefuseThatDocumentOnly()
    {
        using var x = new AbiArguments();
        NativeAlignOptions paper = AbiArguments.AlignOptions(1);
        int* bad = stackalloc int[2] { 0, 4 };
        NativeDocument* documents = stackalloc NativeDocument[2];
        documents[0] = x.Document();
        documents[1] = x.Document();
        documents[1].Source.Ids = bad;
        documents[1].Starts += 100;
        documents[1].Tokens += 100;
        documents[1].Values += 100;
        documents[1].Rows += 100;
        Assert.That(NativeMethods.AlignBatch(x.Workspace, x.Pair, &paper, documents, 2), Is.EqualTo(NativeStatus.Data));
        Assert.That(NativeErrors.Text, Does.StartWith("document 1: row 1: source id 4 has no token"));
        Assert.That((documents[0].Status, documents[1].Status), Is.EqualTo(((int)NativeStatus.Ok, (int)NativeStatus.Data)));
        (bad[1], x.Numbers[3]) = (1, double.NaN);
        Assert.That(NativeMethods.AlignBatch(x.Workspace, x.Pair, &paper, documents, 2), Is.EqualTo(NativeStatus.Data));
        Assert.That(NativeErrors.Text, Does.StartWith("document 0: row 1, column 1: source logit is NaN"));
    }
}
