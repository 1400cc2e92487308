using PtaKernels.Ptx.Check;

namespace PtaKernels.Tests.Ptx;

/// <summary>Reading a disassembly: instructions, control flow, loops and their mix.</summary>
public sealed class SassTests
{
    private const string Nested = """
        	.section	.text.k,"ax",@progbits
                .type           k,@function
                .other          k,@"STO_CUDA_ENTRY STV_DEFAULT"
        k:
        .text.k:
                /*0000*/                   S2R R5, SR_TID.X ;
                /*0010*/               @P0 BRA `(.L_x_9) ;
        .L_x_1:
                /*0020*/                   LDG.E.128 R8, desc[UR6][R2.64] ;
        .L_x_2:
                /*0030*/                   LOP3.LUT R0, R8, R9, RZ, 0x3c, !PT ;
                /*0040*/                   BRA.DIV UR4, `(.L_x_7) ;
                /*0050*/                   SHFL.IDX PT, R4, R0, R5, 0x1f ;
        .L_x_3:
                /*0060*/               @P1 BRA P2, `(.L_x_5) ;
        .L_x_4:
                /*0070*/                   LDS.64 R6, [R0+UR5] ;
        .L_x_5:
                /*0080*/                   POPC R7, R6 ;
                /*0090*/                   IMAD.IADD R1, R7, 0x1, R1 ;
                /*00a0*/              @!P3 BRA `(.L_x_2) ;
                /*00b0*/                   UIADD3 UR4, UR4, 0x1, URZ ;
                /*00c0*/              @!P4 BRA `(.L_x_1) ;
        .L_x_9:
                /*00d0*/                   CALL.REL.NOINC `($helper) ;
                /*00e0*/                   EXIT ;
        .L_x_7:
                /*00f0*/                   WARPSYNC.COLLECTIVE R10, `(.L_x_8) ;
        .L_x_8:
                /*0100*/                   SHFL.IDX P0, R4, R0, R5, 0x1f ;
                /*0110*/                   BRA `(.L_x_3) ;
                .type           $helper,@function
        $helper:
                /*0120*/                   DFMA R2, R2, R4, R6 ;
        .L_x_10:
                /*0130*/               @P0 BRA `(.L_x_10) ;
                /*0140*/                   RET.REL.NODEC R2 `(k) ;
        .L_x_11:
                /*0150*/                   BRA `(.L_x_11);
                /*0160*/                   NOP;
        """;

    [Test]
    public void InstructionLinesAreRead()
    {
        SassInstruction guarded = SassInstruction.Parse("        /*01f0*/              @!P0 BRA `(.L_x_1) ;")!;
        SassInstruction wide = SassInstruction.Parse("        /*1c0a0*/                  LDG.E.U.128.CONSTANT R8, desc[UR6][R2.64] ;")!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(guarded, Is.EqualTo(new SassInstruction(0x1f0, "@!P0", "BRA", "`(.L_x_1)")));
            Assert.That(guarded.Targets, Is.EqualTo(new[] { ".L_x_1" }));
            Assert.That(guarded.FallsThrough, Is.True);
            Assert.That(wide, Has.Property("Base").EqualTo("LDG").And.Property("Width").EqualTo(128).And.Property("Address").EqualTo(0x1c0a0));
            Assert.That(SassInstruction.Parse("        /*0010*/              @P0 BRA P1, `(.L_x_3) ;")!.FallsThrough, Is.True);
            Assert.That(SassInstruction.Parse("        /*0010*/                  BRA P1, `(.L_x_3) ;")!.FallsThrough, Is.True);
            Assert.That(SassInstruction.Parse("        /*0010*/                  BRA `(.L_x_3) ;")!.FallsThrough, Is.False);
            Assert.That(SassInstruction.Parse("        /*0010*/              @P0 EXIT ;")!.FallsThrough, Is.True);
            Assert.That(SassInstruction.Parse("        /*0010*/                  EXIT ;")!.FallsThrough, Is.False);
            Assert.That(SassInstruction.Parse("        .type           k,@function"), Is.Null);
            Assert.That(SassInstruction.Parse(".L_x_1:"), Is.Null);
        }
    }

    [Test]
    public void KernelAndHelpersAreToldApart()
    {
        SassListing listing = SassListing.Parse(Nested);
        Assert.That(listing.Kernel.Select(static i => i.Address), Is.EqualTo(Enumerable.Range(0, 18).Select(static i => 16 * i)));
        Assert.That(listing.Helpers, Has.Count.EqualTo(5));
        Assert.That(listing.Labels[".L_x_2"], Is.EqualTo(3));
        Assert.That(static () => SassListing.Parse("        /*0000*/    EXIT ;"), Throws.InstanceOf<InvalidDataException>());
    }

    [Test]
    public void LoopsNestAndLeaveOutWhatDivergedLanesDo()
    {
        SassLoops flow = SassLoops.Find(SassListing.Parse(Nested));
        Assert.That(flow.Loops, Has.Count.EqualTo(2));
        SassLoop outer = flow.Loops[0], inner = flow.Loops[1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((outer.Address, outer.Depth, outer.Innermost), Is.EqualTo((0x20, 1, false)));
            Assert.That((inner.Address, inner.Depth, inner.Innermost), Is.EqualTo((0x30, 2, true)));
            Assert.That(inner.Instructions.Select(static i => i.Address), Is.EqualTo(Enumerable.Range(3, 8).Select(static i => 16 * i)));
            Assert.That(inner.Own, Is.EqualTo(inner.Instructions));
            Assert.That(outer.Instructions, Has.Count.EqualTo(11));
            Assert.That(outer.Own.Select(static i => i.Address), Is.EqualTo(new[] { 0x20, 0xb0, 0xc0 }));
            Assert.That(flow.Reached, Has.Count.EqualTo(15));
        }
    }

    [Test]
    public void TwoWaysBackMakeOneLoop()
    {
        SassLoops flow = SassLoops.Find(SassListing.Parse(Kernel("""
            .L_x_1:
                    /*0000*/    IADD3 R0, R0, 0x1, RZ ;
                    /*0010*/    @P0 BRA `(.L_x_1) ;
                    /*0020*/    @P1 BRA `(.L_x_1) ;
                    /*0030*/    EXIT ;
            """)));
        Assert.That(flow.Loops.Single().Instructions, Has.Count.EqualTo(3));
    }

    [Test]
    public void ALoopMayBeLeftByACallOfALabel()
    {
        // As ptxas writes it for sm_80: nothing returns.
        SassLoops flow = SassLoops.Find(SassListing.Parse(Kernel("""
            .L_x_1:
                    /*0000*/    IADD3 R0, R0, 0x1, RZ ;
            .L_x_2:
                    /*0010*/    IADD3 R1, R1, 0x1, RZ ;
                    /*0020*/    @P0 CALL.REL.NOINC `(.L_x_3) ;
                    /*0030*/    BRA `(.L_x_2) ;
            .L_x_3:
                    /*0040*/    @P1 CALL.REL.NOINC `(.L_x_4) ;
                    /*0050*/    BRA `(.L_x_1) ;
            .L_x_4:
                    /*0060*/    EXIT ;
            """)));
        Assert.That(flow.Loops.Select(static l => (l.Address, l.Depth, l.Instructions.Count)), Is.EqualTo(new[] { (0, 1, 6), (0x10, 2, 3) }));
    }

    [Test]
    public void ATableOfTargetsIsFollowed()
    {
        SassLoops flow = SassLoops.Find(SassListing.Parse(Kernel(""""
            .L_x_1:
                    /*0000*/    BRX R4 -0x10                         (*"BRANCH_TARGETS .L_x_2,.L_x_3,.L_x_4"*);
            .L_x_2:
                    /*0010*/    LD.E R0, desc[UR6][R2.64] ;
                    /*0020*/    BRA `(.L_x_1) ;
            .L_x_3:
                    /*0030*/    IADD3 R0, R0, 0x1, RZ ;
                    /*0040*/    BRA `(.L_x_1) ;
            .L_x_4:
                    /*0050*/    EXIT ;
            """")));
        Assert.That(flow.Loops.Single().Instructions, Has.Count.EqualTo(5));
    }

    [Test]
    public void CodeMovedOutOfLineIsNoLoop()
    {
        // The block at 0x30 is rare and lies behind the end; its way back goes to a lower address.
        SassLoops flow = SassLoops.Find(SassListing.Parse(Kernel("""
                    /*0000*/    @P0 BRA `(.L_x_2) ;
            .L_x_1:
                    /*0010*/    IADD3 R0, R0, 0x1, RZ ;
                    /*0020*/    EXIT ;
            .L_x_2:
                    /*0030*/    MOV R0, RZ ;
                    /*0040*/    BRA `(.L_x_1) ;
            """)));
        Assert.That(flow.Loops, Is.Empty);
        Assert.That(flow.Reached, Has.Count.EqualTo(5));
    }

    [TestCase("IADD3", InstructionClass.Integer)]
    [TestCase("LOP3.LUT", InstructionClass.Integer)]
    [TestCase("VIADDMNMX.U16x2", InstructionClass.Integer)]
    [TestCase("IMAD.MOV.U32", InstructionClass.IntegerMultiply)]
    [TestCase("FFMA", InstructionClass.Float32)]
    [TestCase("DFMA", InstructionClass.Float64)]
    [TestCase("LDS.64", InstructionClass.Shared)]
    [TestCase("LDG.E.128", InstructionClass.Global)]
    [TestCase("LD.E", InstructionClass.Global)]
    [TestCase("STL", InstructionClass.Local)]
    [TestCase("SHFL.UP", InstructionClass.Shuffle)]
    [TestCase("MUFU.RCP64H", InstructionClass.Special)]
    [TestCase("POPC", InstructionClass.Special)]
    [TestCase("BSYNC", InstructionClass.Branch)]
    [TestCase("ULOP3.LUT", InstructionClass.Uniform)]
    [TestCase("S2R", InstructionClass.Other)]
    [TestCase("BAR.SYNC", InstructionClass.Other)]
    public void OpcodesHaveClasses(string opcode, object expected) =>
        Assert.That(InstructionMix.ClassOf(new SassInstruction(0, "", opcode, "")), Is.EqualTo(expected));

    [Test]
    public void MixOfALoop()
    {
        InstructionMix mix = InstructionMix.Of(SassLoops.Find(SassListing.Parse(Nested)).Loops[0].Instructions);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(mix.Total, Is.EqualTo(11));
            Assert.That(mix[InstructionClass.Branch], Is.EqualTo(4));
            Assert.That(mix[InstructionClass.Uniform], Is.EqualTo(1));
            Assert.That(mix.MemoryWords, Is.EqualTo(4 + 2 + 1), "LDG.128, LDS.64 and a shuffle");
        }
    }

    internal static string Kernel(string body) => $"""
        	.section	.text.k,"ax",@progbits
                .type           k,@function
                .other          k,@"STO_CUDA_ENTRY STV_DEFAULT"
        k:
        {body}
        """;
}
