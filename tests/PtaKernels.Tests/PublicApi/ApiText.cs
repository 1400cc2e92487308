using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace PtaKernels.Tests.PublicApi;

/// <summary>What users of an assembly can see of it: one line per public type, then one per member of it, as C# would declare it; sorted.</summary>
/// <remarks>Left out is what follows from the line of the type: what the compiler writes into records, and overrides of <see cref="object"/>'s methods.</remarks>
internal static class ApiText
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly string[] OfObject = [nameof(Equals), nameof(GetHashCode), nameof(ToString)];

    /// <summary>The lines of an assembly.</summary>
    public static string[] Of(Assembly assembly) =>
        [.. assembly.GetExportedTypes().OrderBy(static type => type.FullName, StringComparer.Ordinal).SelectMany(Of)];

    /// <summary>The lines of a type.</summary>
    public static IEnumerable<string> Of(Type type)
    {
        string name = $"{type.Namespace}.{TypeText.Name(type)}";
        yield return TypeText.Declaration(type);
        if (type.BaseType == typeof(MulticastDelegate))
            yield break;
        IEnumerable<string> members = type.IsEnum
            ? type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(static f => $"{f.Name} = {Convert.ToString(f.GetRawConstantValue(), CultureInfo.InvariantCulture)}")
            : Constructors(type).Concat(Fields(type)).Concat(Properties(type)).Concat(Events(type)).Concat(Methods(type));
        foreach (string member in members.Order(StringComparer.Ordinal))
            yield return $"{name}: {member}";
    }

    private static IEnumerable<string> Constructors(Type type) =>
        from constructor in type.GetConstructors(Declared)
        where IsVisible(constructor) && !constructor.IsStatic && !IsGenerated(constructor)
        select $"{Access(constructor)}new({Parameters(constructor)})";

    private static IEnumerable<string> Fields(Type type) =>
        from field in type.GetFields(Declared)
        where (field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly) && !IsGenerated(field)
        let kind = field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "")
        select $"{(field.IsPublic ? "" : "protected ")}{kind}{TypeText.Of(new NullabilityInfoContext().Create(field))} {field.Name}{(field.IsLiteral ? " = " + Value(field.GetRawConstantValue(), field.FieldType) : "")}";

    private static IEnumerable<string> Properties(Type type) =>
        from property in type.GetProperties(Declared)
        let getter = property.GetMethod
        let setter = property.SetMethod
        let shown = getter is not null && IsVisible(getter) ? getter : setter
        where IsVisible(shown) && !IsGenerated(property)
        let indexes = property.GetIndexParameters()
        let required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : ""
        let name = indexes.Length == 0 ? property.Name : $"this[{string.Join(", ", indexes.Select(Parameter))}]"
        let get = getter is not null && IsVisible(getter) ? "get; " : ""
        select $"{Access(shown)}{Modifiers(shown)}{required}{TypeText.Of(new NullabilityInfoContext().Create(property))} {name} {{ {get}{Setter(setter)}}}";

    private static IEnumerable<string> Events(Type type) =>
        from one in type.GetEvents(Declared)
        where IsVisible(one.AddMethod!)
        select $"event {TypeText.Name(one.EventHandlerType!)} {one.Name}";

    private static IEnumerable<string> Methods(Type type) =>
        from method in type.GetMethods(Declared)
        where IsVisible(method) && !IsGenerated(method) && !IsAccessor(method)
        where !(method.GetBaseDefinition().DeclaringType == typeof(object) && OfObject.Contains(method.Name))
        let generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(static a => a.Name))}>" : ""
        let constraints = string.Concat(method.GetGenericArguments().Select(TypeText.Constraint))
        select $"{Access(method)}{Modifiers(method)}{TypeText.Of(new NullabilityInfoContext().Create(method.ReturnParameter))} {method.Name}{generic}({Parameters(method)}){constraints}";

    private static string Parameters(MethodBase method) =>
        (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "") + string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string direction = !parameter.ParameterType.IsByRef ? parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : ""
            : parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ";
        string standard = parameter.HasDefaultValue ? " = " + Value(parameter.RawDefaultValue, parameter.ParameterType) : "";
        return $"{direction}{TypeText.Of(new NullabilityInfoContext().Create(parameter))} {parameter.Name}{standard}";
    }

    private static string Value(object? value, Type type) => value switch
    {
        null => "default",
        _ when type.IsEnum => $"{TypeText.Name(type)}.{Enum.ToObject(type, value)}",
        string text => $"\"{text}\"",
        bool truth => truth ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Setter(MethodInfo? setter)
    {
        if (setter is null || !IsVisible(setter))
            return "";
        bool isInit = setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));
        return isInit ? "init; " : "set; ";
    }

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Modifiers(MethodBase method) =>
        method.IsStatic ? "static "
        : method.DeclaringType!.IsInterface ? method.IsAbstract ? "" : "default "
        : method.IsAbstract ? "abstract "
        : method is MethodInfo own && own.GetBaseDefinition() != own ? "override "
        : method.IsVirtual && !method.IsFinal ? "virtual " : "";

    private static bool IsVisible(MethodBase? method) => method is not null && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static bool IsGenerated(MemberInfo member) => member.IsDefined(typeof(CompilerGeneratedAttribute));
}
