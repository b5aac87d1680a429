// The parts of Element Plus that this window uses, each with its own style; nothing else of it is loaded, and
// these only when the first of them is shown.
import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/dialog/style/css'
import 'element-plus/es/components/message/style/css'
// After the styles that it dresses.
import '../look/element.css'

export { ElConfigProvider } from 'element-plus/es/components/config-provider/index'
export { ElDialog } from 'element-plus/es/components/dialog/index'
export { ElMessage } from 'element-plus/es/components/message/index'
